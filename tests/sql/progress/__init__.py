"""Where the progress of attempts begins, and what jobs save for their next one."""
