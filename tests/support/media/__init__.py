"""Makes test videos, and reads their content back."""
