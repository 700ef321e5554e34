"""make up, make down and make demo."""
