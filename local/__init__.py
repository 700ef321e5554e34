"""The embedded stack: the whole system as processes on one machine."""
