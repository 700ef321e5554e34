"""Traces and metrics, received by a collector of the tests."""
