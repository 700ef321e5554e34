"""Logs and traces each request: one line and one span."""

import logging
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.logs import log_fields
from shared.observability.telemetry import fail, flush_soon, span
from shared.observability.trace_context import traced

logger = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SERVER_ERROR = 500
UNAVAILABLE = 503


@contextmanager
def request_span(headers: Mapping[str, str]) -> Generator[Span]:
    """Record a request as a span of its caller's trace; send it soon after the response."""
    with traced(headers), span("request", SpanKind.SERVER) as request:
        yield request
    flush_soon()


def note_response(request: Span, method: str, route: str, status: int) -> None:
    """Name a request's span by its route, and record the response's status."""
    method = method if method in _METHODS else "_OTHER"
    request.update_name(f"{method} {route}")
    request.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    )
    if status >= SERVER_ERROR:
        fail(request, str(status))


def log_request(method: str, route: str, status: int, started_at: float) -> None:
    """Log a request and its response. `route` is the template, never the URL; `started_at` is monotonic time."""
    seconds = round(time.monotonic() - started_at, 4)
    level = _level(status)
    http_request = {"requestMethod": method, "status": status, "latency": f"{seconds}s"}
    extra = {"httpRequest": http_request, "duration_seconds": seconds}
    logger.log(level, "%s %s: %d", method, route, status, extra=extra)


def _level(status: int) -> int:
    """503 is back-pressure: a full worker, a database that is away. What is behind it is logged where it is found."""
    if status == UNAVAILABLE:
        return logging.WARNING
    return logging.ERROR if status >= SERVER_ERROR else logging.INFO


class RequestLog:
    """Logs each request of an application by its route's template."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at, status = time.monotonic(), SERVER_ERROR

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with request_span(Headers(scope=scope)) as request:
            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                route = getattr(scope.get("route"), "path", "(no such route)")
                with log_fields(**_ids(scope)):
                    log_request(scope["method"], route, status, started_at)
                note_response(request, scope["method"], route, status)


def _ids(scope: Scope) -> dict[str, str]:
    """The ids in the path, if they have the form of ids."""
    parameters: dict[str, object] = scope.get("path_params", {})
    return {
        name: str(value)
        for name, value in parameters.items()
        if name.endswith("_id") and _ID.fullmatch(str(value))
    }
