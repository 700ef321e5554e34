"""The faults of a run: what is broken, when, and how it is repaired."""
