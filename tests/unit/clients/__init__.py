"""The clients that other people's programs import."""
