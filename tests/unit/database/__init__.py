"""The way to the database: one client, one call, and what its failures are turned into."""
