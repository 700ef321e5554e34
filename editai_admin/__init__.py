"""editai-admin: an operator's commands. They need the database only: its address and its service role key."""
