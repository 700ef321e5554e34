"""Traces and metrics for any collector, through OpenTelemetry's API.

    with span("ffmpeg", attributes={"editai.kind": "final_render"}):
        ...
    conflicts = meter.create_counter("editai.conflicts")

They are sent by OTLP over HTTP if OTEL_EXPORTER_OTLP_ENDPOINT is set; OpenTelemetry's other variables apply as well.
Otherwise neither its SDK nor an exporter is imported, and the API is a no-op: a span costs 4 µs of CPU, and the import
at most 30 ms of a start of 650 to 850. Names and attributes hold ids, kinds and outcomes, never a user's own text.
"""

import asyncio
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

if TYPE_CHECKING:
    from shared.observability.telemetry_sdk import Sender

SCOPE = "editai"
FLUSH_TIMEOUT_SECONDS = 1.0
"""The longest that a function waits for the collector."""

tracer = trace.get_tracer(SCOPE)
meter = metrics.get_meter(SCOPE)

_sender: "Sender | None" = None


def configure_telemetry(function: str) -> None:
    """Send traces and metrics if a collector is configured. Called by a function's main.py, with its name."""
    global _sender  # noqa: PLW0603 - one per process, like logging
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from shared.observability.telemetry_sdk import Sender  # noqa: PLC0415 - needed only with a collector

        _sender = Sender(function)
        trace.set_tracer_provider(_sender.tracers)
        metrics.set_meter_provider(_sender.meters)


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    attributes: Mapping[str, str | int | float | bool] | None = None,
) -> Generator[Span]:
    """Record the block as a span of the current trace; what it logs and dispatches belongs to this span.

    An exception that leaves the block marks the span as failed. Only its type is recorded, because its message may
    quote a user's text.
    """
    started = tracer.start_span(name, kind=kind, attributes=attributes)
    with trace.use_span(
        started, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield started
        except BaseException as error:
            fail(started, type(error).__name__)
            raise


def fail(failed: Span, error_type: str) -> None:
    """Mark a span as failed."""
    failed.set_attribute("error.type", error_type)
    failed.set_status(StatusCode.ERROR)


async def flush() -> None:
    """Send what has been recorded, and wait at most FLUSH_TIMEOUT_SECONDS. Called at the end of a job.

    An instance may get no CPU time between its requests, so sending cannot be left for later.
    """
    if _sender is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_TIMEOUT_SECONDS):
                await asyncio.wrap_future(_sender.flush())


def flush_soon() -> None:
    """Start to send what has been recorded, unless a flush has just started. Called at the end of a request."""
    if _sender is not None:
        _sender.flush_soon()
