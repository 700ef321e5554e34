"""Starting, following and refusing jobs."""
