"""The trace that connects a request with the log lines and the requests to other functions that it causes.

OpenTelemetry's current span holds it, also without a collector: then a span has the same ids as its caller's.
"""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    use_span,
)

# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# https://cloud.google.com/trace/docs/trace-context#legacy-http-header
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})/([0-9]{1,20})(?:;o=([0-9]))?")

_SPAN_ID_BITS = (1 << 64) - 1


def trace_headers() -> dict[str, str]:
    """Headers that make a request to another function part of the current trace."""
    current = get_current_span().get_span_context()
    if not current.is_valid:
        return {}
    ids = f"{current.trace_id:032x}-{current.span_id:016x}"
    return {"traceparent": f"00-{ids}-{current.trace_flags.sampled:02x}"}


def trace_fields() -> dict[str, Any]:
    """Log fields by which Cloud Logging finds the lines of a trace."""
    current = get_current_span().get_span_context()
    if not current.is_valid:
        return {}
    trace_id, project = f"{current.trace_id:032x}", os.environ.get("GOOGLE_CLOUD_PROJECT")
    return {
        "logging.googleapis.com/trace": f"projects/{project}/traces/{trace_id}"
        if project
        else trace_id,
        "logging.googleapis.com/spanId": f"{current.span_id:016x}",
        "logging.googleapis.com/trace_sampled": current.trace_flags.sampled,
    }


@contextmanager
def traced(headers: Mapping[str, str]) -> Generator[None]:
    """Make the block part of the trace that a request's headers name; if they name none, nothing changes."""
    caller = _caller(headers)
    if caller is None or not caller.is_valid:
        yield
        return
    with use_span(NonRecordingSpan(caller)):
        yield


def _caller(headers: Mapping[str, str]) -> SpanContext | None:
    if match := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        return _span(int(match[1], 16), int(match[2], 16), sampled=bool(int(match[3], 16) & 1))
    if match := _CLOUD_TRACE.fullmatch(headers.get("x-cloud-trace-context", "")):
        return _span(int(match[1], 16), int(match[2]) & _SPAN_ID_BITS, sampled=match[3] == "1")
    return None


def _span(trace_id: int, span_id: int, *, sampled: bool) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
