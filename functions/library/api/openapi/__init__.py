"""The OpenAPI document and its page: what the routes cannot say by themselves."""
