"""The recipes, one per kind of job: its steps from params to outcome."""
