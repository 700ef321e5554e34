"""Progress as server-sent events: one read of the database a second for all streams of this process."""
