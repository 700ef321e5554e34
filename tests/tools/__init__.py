"""The project's own tools: the local stack, the audit, the tests' fixtures."""
