"""Dispatching jobs through Cloud Tasks, and Google's ID tokens that callers of private functions present."""
