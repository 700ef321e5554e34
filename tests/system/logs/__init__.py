"""What the running functions log."""
