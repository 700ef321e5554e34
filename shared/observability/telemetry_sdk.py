"""The OpenTelemetry SDK behind shared.observability.telemetry, which imports it only if a collector is configured."""

import os
import time
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.observability.telemetry_types import ENDED_BY, Attributes, SpanKind
from shared.observability.trace_context import trace_headers

SCOPE = "editai"
FLUSH_EVERY_SECONDS = 1.0

_propagator = TraceContextTextMapPropagator()


class SdkSpan:
    """One of the SDK's spans."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def headers(self) -> dict[str, str]:
        """The traceparent of what this span sets off."""
        headers: dict[str, str] = {}
        _propagator.inject(headers, trace.set_span_in_context(self._span))
        return headers

    def rename(self, name: str) -> None:
        """Call it by what is known by now."""
        self._span.update_name(name)

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """Mark it as failed."""
        self._span.set_attribute(ENDED_BY, error_type)
        self._span.set_status(trace.StatusCode.ERROR)


class Telemetry:
    """The providers of this process. They start their threads with the first span, after any fork."""

    def __init__(self, function: str) -> None:
        self._function = function
        self._flushed_at = 0.0
        self._waiting: Future[None] | None = None
        self._counter_of = cache(self._counter)
        self._histogram_of = cache(self._histogram)

    @cached_property
    def _resource(self) -> Resource:
        """Instances are told apart: their counters are sums of their own."""
        name = os.environ.get("OTEL_SERVICE_NAME") or f"{SCOPE}-{self._function}"
        return Resource.create({"service.name": name, "service.instance.id": str(uuid4())})

    @cached_property
    def tracers(self) -> TracerProvider:
        """Makes spans, and sends them in batches."""
        provider = TracerProvider(resource=self._resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return provider

    @cached_property
    def meters(self) -> MeterProvider:
        """Makes instruments, and sends what they show from time to time."""
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        return MeterProvider([reader], resource=self._resource)

    @cached_property
    def _sender(self) -> ThreadPoolExecutor:
        """One thread: however long a collector takes, nothing piles up behind it."""
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="telemetry")

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: Attributes) -> Generator[SdkSpan]:
        """Start a span below the current one, else below that of the caller's headers."""
        inside = trace.get_current_span().get_span_context().is_valid
        started = self.tracers.get_tracer(SCOPE).start_as_current_span(
            name,
            context=None if inside else _propagator.extract(trace_headers()),
            kind=trace.SpanKind[kind.upper()],
            attributes=attributes,
            # They tell messages and stack traces.
            record_exception=False,
            set_status_on_exception=False,
        )
        with started as span:
            yield SdkSpan(span)

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """Add to a counter."""
        self._counter_of(name).add(amount, attributes)

    def record_seconds(self, name: str, seconds: float, attributes: Attributes) -> None:
        """Add to a histogram of durations."""
        self._histogram_of(name).record(seconds, attributes)

    def flush(self) -> Future[None]:
        """Send all that has ended by now; what waits to be sent already is joined."""
        if self._waiting is None or self._waiting.running() or self._waiting.done():
            self._flushed_at = time.monotonic()
            self._waiting = self._sender.submit(self._send)
        return self._waiting

    def flush_soon(self) -> None:
        """Flush, but not once for each of many requests."""
        if time.monotonic() - self._flushed_at > FLUSH_EVERY_SECONDS:
            self.flush()

    def _send(self) -> None:
        self.tracers.force_flush()
        self.meters.force_flush()

    def _counter(self, name: str) -> Counter:
        return self.meters.get_meter(SCOPE).create_counter(name)

    def _histogram(self, name: str) -> Histogram:
        return self.meters.get_meter(SCOPE).create_histogram(name, unit="s")
