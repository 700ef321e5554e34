"""The media pipeline on real files: every input is made by ffmpeg when the test runs."""
