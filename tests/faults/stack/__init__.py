"""The stack of a run; each part can be broken separately."""
