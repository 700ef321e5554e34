"""The media pipeline on real files: ffmpeg makes every input when the test runs."""
