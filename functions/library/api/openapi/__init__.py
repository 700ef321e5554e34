"""The OpenAPI document, with what FastAPI cannot derive from the routes, and its page."""
