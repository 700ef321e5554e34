"""Dispatching a queued job to a worker: through Cloud Tasks, or directly over HTTP."""
