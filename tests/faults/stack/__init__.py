"""The stack of a run, every part of which can be broken by itself."""
