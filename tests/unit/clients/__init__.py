"""The client packages that other programs import."""
