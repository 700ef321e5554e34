"""Probes media files in a confined process: container, tracks, durations."""
