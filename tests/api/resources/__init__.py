"""Projects, sources, clips and files."""
