"""Handles a delivery of a job: claims it, runs one attempt under its lease, ends it."""
