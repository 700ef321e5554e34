"""The recipes: what each kind of job makes, step by step."""
