"""Choosing what a clip shows: scenes, their merits, and the moments that become clips. Nothing here encodes."""
