"""The packages that other people's programs install, against the running functions."""
