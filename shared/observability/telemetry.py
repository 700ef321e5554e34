"""Traces and metrics, by OpenTelemetry's API, for any collector.

    with span("ffmpeg", attributes={"editai.kind": "final_render"}):
        ...
    conflicts = meter.create_counter("editai.conflicts")

They are sent by OTLP over HTTP when OTEL_EXPORTER_OTLP_ENDPOINT is set; OpenTelemetry's other variables apply as well.
Otherwise neither its SDK nor an exporter is imported, and the API does nothing: a span costs 4 µs of CPU, its import at
most 30 ms of a start of 650 to 850. Names and attributes hold ids, kinds and outcomes, never what a user has written.
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
FLUSH_SECONDS = 1.0
"""The longest that anything waits for a collector."""

tracer = trace.get_tracer(SCOPE)
meter = metrics.get_meter(SCOPE)

_sender: "Sender | None" = None


def configure_telemetry(function: str) -> None:
    """Send what is measured if a collector is configured. Called by a function's main.py, with its name."""
    global _sender  # noqa: PLW0603 - one for the process, as its logging is
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from shared.observability.telemetry_sdk import Sender  # noqa: PLC0415 - only a collector needs it

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
    """Measure the block as part of the current trace; what it logs and dispatches belongs to this span.

    An exception that leaves the block fails the span, by its type alone: its message may quote what a user has written.
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
    """Send what has been measured, waiting FLUSH_SECONDS at most: at the end of a job.

    An instance without a request may get no CPU time until its next one.
    """
    if _sender is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.wrap_future(_sender.flush())


def flush_soon() -> None:
    """Begin to send what has been measured, unless that was done a moment ago: at the end of a request."""
    if _sender is not None:
        _sender.flush_soon()
