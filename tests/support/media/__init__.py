"""Videos that tests make, and what tests read back from them."""
