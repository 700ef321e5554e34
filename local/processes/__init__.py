"""Processes that never outlive their parent."""
