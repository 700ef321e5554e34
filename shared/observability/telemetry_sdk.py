"""OpenTelemetry's SDK, which telemetry imports only if a collector is configured."""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

FLUSH_EVERY_SECONDS = 1.0


class Sender:
    """Sends spans and metrics of this process to the collector.

    Made before gunicorn forks: the SDK then starts its threads again, and gives each process a service.instance.id of
    its own, because the counters of each are sums of their own.
    """

    def __init__(self, function: str) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or f"editai-{function}"
        resource = Resource.create({"service.name": name})
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self.meters = MeterProvider([reader], resource=resource)
        # One thread: however long a collector takes, nothing piles up behind it. It starts with the first flush.
        self._flushes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telemetry")
        self._flushed_at = 0.0
        self._waiting: Future[None] | None = None

    def flush(self) -> Future[None]:
        """Send all that has ended by now; a flush that has not begun yet is joined."""
        if self._waiting is None or self._waiting.running() or self._waiting.done():
            self._flushed_at = time.monotonic()
            self._waiting = self._flushes.submit(self._send)
        return self._waiting

    def flush_soon(self) -> None:
        """Flush, but not once for each of many requests."""
        if time.monotonic() - self._flushed_at > FLUSH_EVERY_SECONDS:
            self.flush()

    def _send(self) -> None:
        self.tracers.force_flush()
        self.meters.force_flush()
