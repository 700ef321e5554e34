"""Making files with ffmpeg: clips, renders, sound, subtitles and thumbnails. Functions of their arguments alone."""
