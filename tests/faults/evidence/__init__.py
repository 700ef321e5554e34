"""What a run leaves behind to be judged: calls, responses, the audit trail, Postgres's log."""
