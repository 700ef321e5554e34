"""Traces and metrics, received by a collector in the tests."""
