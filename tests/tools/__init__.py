"""Tests of the project's tools: the local stack, the audit, the fixtures of the tests."""
