"""Logs with redaction, traces and metrics."""
