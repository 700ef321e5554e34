"""Reads the pictures of cuts from their sources, on one clock, and checks that each frame of an output shows its own."""
