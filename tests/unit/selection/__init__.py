"""The selection of moments, without any video."""
