"""What operators read and do: jobs, leases, queue and cleanup, what is wrong with them, and what puts it right."""
