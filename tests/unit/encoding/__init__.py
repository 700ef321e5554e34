"""The canvas of a join, without any video."""
