"""What the functions have in common; nothing here knows any one of them."""
