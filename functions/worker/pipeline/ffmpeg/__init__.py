"""Runs ffmpeg as a confined process within limits, and explains its failures."""
