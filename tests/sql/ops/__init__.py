"""What operators are told, and what they do, in SQL."""
