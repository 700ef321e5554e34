"""The worker runs jobs under their leases."""
