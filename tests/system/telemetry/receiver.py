"""A collector: receives OTLP over HTTP and stores what it receives."""

import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

Attributes = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReceivedSpan:
    """A span as received."""

    service: str
    instance: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Attributes


@dataclass(kw_only=True)
class Receiver:
    """The data received so far; it can be read while more arrives."""

    url: str
    bodies: list[bytes] = field(default_factory=list[bytes])
    spans: list[ReceivedSpan] = field(default_factory=list[ReceivedSpan])
    sums: dict[tuple[str, ...], float] = field(default_factory=dict[tuple[str, ...], float])
    counts: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])
    """Keys of both: the metric's name, then its attributes' values in the order of the attributes' names."""

    def named(self, name: str, trace_id: str = "") -> list[ReceivedSpan]:
        """The spans of a name, limited to one trace if `trace_id` is given."""
        return [s for s in [*self.spans] if s.name == name and trace_id in ("", s.trace_id)]

    def take(self, path: str, body: bytes) -> None:
        """Store the content of one request."""
        self.bodies.append(body)
        if path == "/v1/traces":
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        elif path == "/v1/metrics":
            self._take_metrics(ExportMetricsServiceRequest.FromString(body))

    def _take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        scopes = (
            scope
            for resource_data in request.resource_metrics
            for scope in resource_data.scope_metrics
        )
        for metric in (metric for scope in scopes for metric in scope.metrics):
            for point in metric.sum.data_points:
                self.sums[_key(metric.name, point.attributes)] = point.as_int or point.as_double
            for measured in metric.histogram.data_points:
                key = _key(metric.name, measured.attributes)
                self.sums[key], self.counts[key] = measured.sum, measured.count


def _key(name: str, attributes: Iterable[Any]) -> tuple[str, ...]:
    found = _attributes(attributes)
    return (name, *(str(found[key]) for key in sorted(found)))


def _attributes(pairs: Iterable[Any]) -> Attributes:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def _spans(request: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource_data in request.resource_spans:
        resource = _attributes(resource_data.resource.attributes)
        for span in (span for scope in resource_data.scope_spans for span in scope.spans):
            yield ReceivedSpan(
                service=resource["service.name"],
                instance=resource["service.instance.id"],
                name=span.name,
                kind=span.kind,
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                failed=span.status.code == Status.STATUS_CODE_ERROR,
                attributes=_attributes(span.attributes),
            )


@contextmanager
def receiving() -> Generator[Receiver]:
    """A collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(url=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
