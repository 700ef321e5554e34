"""ffmpeg runs as a confined process."""
