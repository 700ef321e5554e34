"""The database client: its requests, and how failures become our errors."""
