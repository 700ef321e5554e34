"""Measures a file by its packets, in the child process (see shared.media.packets.measure)."""
