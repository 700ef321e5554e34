"""The functions of a job's life."""
