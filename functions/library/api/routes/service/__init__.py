"""Routes about the service itself: whether it is ready, and what its operators read."""
