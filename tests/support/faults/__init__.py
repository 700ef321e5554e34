"""What tests put in place of the usual: wrong responses, and a small disk."""
