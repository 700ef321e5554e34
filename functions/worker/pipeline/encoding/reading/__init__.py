"""Reads the pictures of cuts, on the clock of their source, and checks that each frame shows its own."""
