"""The choice of moments, without any video."""
