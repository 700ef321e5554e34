"""Receiving an uploaded video: multipart parsing, staging and probing."""
