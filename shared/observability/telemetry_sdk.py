"""Sends through OpenTelemetry's SDK; imported only if a collector is configured."""

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
    """Sends the process's spans and metrics to the collector.

    Created before gunicorn forks. After a fork the SDK restarts its threads and gives each process its own
    service.instance.id, because each process has its own counters.
    """

    def __init__(self, function: str) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or f"editai-{function}"
        resource = Resource.create({"service.name": name})
        self.tracers = TracerProvider(resource=resource)
        self.tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        self.meters = MeterProvider([reader], resource=resource)
        # One thread, started by the first flush. At most one flush waits for it, however slow the collector is.
        self._flushes = ThreadPoolExecutor(max_workers=1, thread_name_prefix="telemetry")
        self._flushed_at = 0.0
        self._waiting: Future[None] | None = None

    def flush(self) -> Future[None]:
        """Send all spans that have ended and all metrics; a flush that is already waiting is joined."""
        if self._waiting is None or self._waiting.running() or self._waiting.done():
            self._flushed_at = time.monotonic()
            self._waiting = self._flushes.submit(self._send)
        return self._waiting

    def flush_soon(self) -> None:
        """Flush, at most once every FLUSH_EVERY_SECONDS."""
        if time.monotonic() - self._flushed_at > FLUSH_EVERY_SECONDS:
            self.flush()

    def _send(self) -> None:
        self.tracers.force_flush()
        self.meters.force_flush()
