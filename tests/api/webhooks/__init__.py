"""Webhooks: which addresses may be told, how they are told, and whose they are."""
