"""Processes that never outlive what started them."""
