"""Progress as server-sent events."""
