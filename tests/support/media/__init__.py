"""Creates videos for tests, and reads their content back."""
