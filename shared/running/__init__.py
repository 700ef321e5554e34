"""Runs jobs: a delivery claims one, and an attempt runs the recipe of its kind under the lease."""
