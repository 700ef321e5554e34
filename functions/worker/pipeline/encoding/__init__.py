"""Encodes clips, renders, sound, subtitles and thumbnails with ffmpeg. Depends on its arguments alone."""
