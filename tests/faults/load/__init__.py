"""The load of a run: clients, callers during an outage, and a worker that encodes nothing."""
