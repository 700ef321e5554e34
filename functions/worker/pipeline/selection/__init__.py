"""Selects what a clip shows: finds scenes, scores their moments, and chooses among them. Nothing here encodes."""
