"""The evidence of a run: recorded calls and responses, the audit trail, Postgres's log."""
