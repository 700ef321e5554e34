"""Dispatching jobs and checking who calls internal functions."""
