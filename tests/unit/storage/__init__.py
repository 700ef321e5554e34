"""The two implementations of storage."""
