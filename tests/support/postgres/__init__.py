"""The Postgres of a test run, and its databases, each a copy of a migrated template."""
