"""A typed client for the EditAI library API."""

from editai_client.client import LibraryClient, LibraryError

__all__ = ["LibraryClient", "LibraryError"]
