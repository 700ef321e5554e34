"""The rules: what must always hold, checked against the evidence."""
