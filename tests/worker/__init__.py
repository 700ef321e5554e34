"""The worker: jobs as it runs them, and the media pipeline on real files."""
