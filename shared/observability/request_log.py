"""One line, and one span, for each request."""

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

_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SERVER_ERROR = 500


@contextmanager
def request_span(headers: Mapping[str, str]) -> Generator[Span]:
    """Measure a request as part of its caller's trace, and send that when it has been answered."""
    with traced(headers), span("request", SpanKind.SERVER) as request:
        yield request
    flush_soon()


def note_response(request: Span, method: str, what: str, status: int) -> None:
    """Name the span of a request by its route, and say how it was answered."""
    method = method if method in _METHODS else "_OTHER"
    request.update_name(f"{method} {what}")
    request.set_attributes(
        {"http.request.method": method, "http.route": what, "http.response.status_code": status}
    )
    if status >= SERVER_ERROR:
        fail(request, str(status))


def log_request(method: str, what: str, status: int, started_at: float) -> None:
    """Log that a request was answered. `what` names the route, never the URL; `started_at` is monotonic."""
    seconds = round(time.monotonic() - started_at, 4)
    level = logging.ERROR if status >= SERVER_ERROR else logging.INFO
    call = {"requestMethod": method, "status": status, "latency": f"{seconds}s"}
    extra = {"httpRequest": call, "duration_seconds": seconds}
    logger.log(level, "%s %s: %d", method, what, status, extra=extra)


class RequestLog:
    """Logs each request of an application by its route's template."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at, status = time.monotonic(), SERVER_ERROR

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with request_span(Headers(scope=scope)) as request:
            try:
                await self._app(scope, receive, watch)
            finally:
                route = getattr(scope.get("route"), "path", "(no such route)")
                with log_fields(**_ids(scope)):
                    log_request(scope["method"], route, status, started_at)
                note_response(request, scope["method"], route, status)


def _ids(scope: Scope) -> dict[str, str]:
    """The ids that the path names, where they look like ids."""
    parameters: dict[str, object] = scope.get("path_params", {})
    return {
        name: str(value)
        for name, value in parameters.items()
        if name.endswith("_id") and _PROJECT_ID.fullmatch(str(value))
    }
