"""The form of log lines, and redaction."""
