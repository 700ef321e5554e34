"""What must always hold, checked against the evidence."""
