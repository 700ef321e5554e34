"""Keeping a lease while work runs."""
