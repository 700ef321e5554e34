"""Benchmarks: how the heap behaves under heartbeats, and what a request costs."""
