"""The functions of leases, their races and their cleanup."""
