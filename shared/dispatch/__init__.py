"""Dispatches queued jobs to a worker: through Cloud Tasks, or directly over HTTP."""
