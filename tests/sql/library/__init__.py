"""The functions behind projects, sources and garbage."""
