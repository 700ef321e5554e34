"""What the functions have in common; nothing here knows any one of them."""

__version__ = "0.2.0"
"""The version of the project and of its API. A deployed function has no pyproject.toml to read it from."""
