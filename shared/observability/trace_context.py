"""The trace that ties a request to what it set off, in the log and in what is asked of other functions."""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from shared.observability.logs import log_fields

# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
# https://cloud.google.com/trace/docs/trace-context#legacy-http-header
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})/([0-9]{1,20})(?:;o=([0-9]))?")

_traceparent: ContextVar[str] = ContextVar("_traceparent", default="")


def trace_headers() -> dict[str, str]:
    """The headers that make a request to another function part of the same trace."""
    return {"traceparent": value} if (value := _traceparent.get()) else {}


@contextmanager
def traced(headers: Mapping[str, str]) -> Generator[None]:
    """Log what happens in the block under the trace of a request."""
    trace_id, span_id, sampled = _trace(headers)
    if not trace_id:
        yield
        return
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    name = f"projects/{project}/traces/{trace_id}" if project else trace_id
    token = _traceparent.set(f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}")
    fields = {"trace": name, "spanId": span_id, "trace_sampled": sampled}
    try:
        with log_fields(**{f"logging.googleapis.com/{key}": fields[key] for key in fields}):
            yield
    finally:
        _traceparent.reset(token)


def _trace(headers: Mapping[str, str]) -> tuple[str, str, bool]:
    """Trace, span and whether it is sampled; empty where a request has none that can be read."""
    if match := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        return match[1], match[2], bool(int(match[3], 16) & 1)
    if match := _CLOUD_TRACE.fullmatch(headers.get("x-cloud-trace-context", "")):
        return match[1], f"{int(match[2]):016x}"[-16:], match[3] == "1"
    return "", "", False
