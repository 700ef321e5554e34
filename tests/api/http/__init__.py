"""What holds for every request: problems, limits, slow clients."""
