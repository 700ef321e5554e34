"""Several functions together, each in a process of its own."""
