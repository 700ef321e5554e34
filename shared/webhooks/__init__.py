"""Webhooks: which URLs may be called, and how deliveries are signed and sent."""
