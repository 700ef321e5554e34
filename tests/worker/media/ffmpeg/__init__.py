"""ffmpeg as a confined process."""
