"""Running ffmpeg: as a confined process, within limits, with the reason when it fails."""
