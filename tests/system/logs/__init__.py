"""The logs of the running functions."""
