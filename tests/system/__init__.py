"""Tests of several functions together, each in its own process."""
