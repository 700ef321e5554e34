"""A delivery of a job: claim it, run one attempt under its lease, end it."""
