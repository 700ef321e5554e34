"""The public API, called as its clients call it."""
