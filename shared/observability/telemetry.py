"""Traces and metrics, for any OpenTelemetry collector.

    with span("ffmpeg", attributes={"editai.kind": "render"}):
        ...
    count("editai.conflicts")

They are sent by OTLP over HTTP when OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry's other variables hold as
well. Otherwise neither its SDK nor an exporter is imported, and all of this does nothing; the library has its
interfaces loaded all the same, because FastAPI imports them (about 25 ms). Names and attributes hold ids, kinds and
outcomes, never what a user has written.
"""

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from shared.observability.telemetry_types import Attributes, SpanKind
from shared.observability.trace_context import traced

if TYPE_CHECKING:
    from shared.observability.telemetry_sdk import Telemetry

FLUSH_SECONDS = 1.0
"""The longest that anything waits for a collector."""

_telemetry: "Telemetry | None" = None


class Span(Protocol):
    """A piece of work that is being measured."""

    def rename(self, name: str) -> None:
        """Call it by what is known by now."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, error_type: str) -> None:
        """Mark it as failed."""


class _NoSpan:
    """What is measured when nobody looks."""

    def rename(self, name: str) -> None: ...

    def note(self, attributes: Attributes) -> None: ...

    def fail(self, error_type: str) -> None: ...


_NO_SPAN = _NoSpan()


def configure_telemetry(function: str) -> None:
    """Begin to measure if a collector is configured. Called by a function's main.py, with its name."""
    global _telemetry  # noqa: PLW0603 - one for the process, as its logging is
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from shared.observability.telemetry_sdk import Telemetry  # noqa: PLC0415 - costs only who asks for it

        _telemetry = Telemetry(function)


@contextmanager
def span(
    name: str, kind: SpanKind = "internal", *, attributes: Attributes | None = None
) -> Generator[Span]:
    """Measure the block as part of the current trace, and log and dispatch in it under this span.

    An exception that leaves the block fails the span.
    """
    if _telemetry is None:
        yield _NO_SPAN
        return
    with _telemetry.span(name, kind, attributes or {}) as started, traced(started.headers()):
        try:
            yield started
        except BaseException as error:
            started.fail(type(error).__name__)
            raise


def count(name: str, amount: int = 1, *, attributes: Attributes | None = None) -> None:
    """Add to a counter."""
    if _telemetry is not None:
        _telemetry.count(name, amount, attributes or {})


def record_seconds(name: str, seconds: float, *, attributes: Attributes | None = None) -> None:
    """Add to a histogram of durations."""
    if _telemetry is not None:
        _telemetry.record_seconds(name, seconds, attributes or {})


async def flush() -> None:
    """Send what has been measured, waiting FLUSH_SECONDS at most: at the end of a job.

    An instance without a request may get no CPU time until its next one.
    """
    if _telemetry is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await asyncio.wrap_future(_telemetry.flush())


def flush_soon() -> None:
    """Begin to send what has been measured, unless that was done a moment ago: at the end of a request."""
    if _telemetry is not None:
        _telemetry.flush_soon()
