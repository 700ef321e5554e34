"""Jobs run by the worker under their leases."""
