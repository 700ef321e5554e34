"""Traces and metrics, received by a collector that runs in the tests."""
