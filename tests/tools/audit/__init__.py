"""make audit: what the advisory services know of the pinned packages."""
