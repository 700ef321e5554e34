"""What the tests stand on: one Postgres for a run, a database and an API of its own for each process of it."""
