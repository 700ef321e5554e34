"""The load of a run: clients, callers, and a worker that encodes nothing."""
