"""What a media file is: container, tracks and durations, probed in a confined process."""
