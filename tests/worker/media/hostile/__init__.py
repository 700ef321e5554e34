"""Damaged and hostile files in the whole pipeline."""
