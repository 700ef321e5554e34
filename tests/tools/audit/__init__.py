"""make audit: the check of pinned packages against advisory services."""
