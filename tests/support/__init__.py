"""Shared support of the tests: one Postgres per run; a database and an API for each test process."""
