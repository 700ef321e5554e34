"""One module or package called in this process, with the real database, storage or ffmpeg where it needs one."""
