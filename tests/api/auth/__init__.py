"""Who is let in, and what belongs to whom."""
