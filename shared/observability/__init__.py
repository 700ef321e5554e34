"""What operators see: logs with redaction, traces and metrics."""
