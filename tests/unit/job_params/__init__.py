"""The parameters of jobs: segments, their selection, and subtitle files."""
