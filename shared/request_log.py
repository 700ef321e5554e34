"""One line for each request, and the trace that ties a request to what it set off."""

import logging
import os
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.logs import log_fields

logger = logging.getLogger(__name__)

# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
# https://cloud.google.com/trace/docs/trace-context#legacy-http-header
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})/(\d+)(?:;o=(\d))?")
_PROJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SERVER_ERROR = 500

_traceparent: ContextVar[str] = ContextVar("_traceparent", default="")


def trace_headers() -> dict[str, str]:
    """The headers that make a request to another function part of the same trace."""
    return {"traceparent": value} if (value := _traceparent.get()) else {}


@contextmanager
def traced(headers: Mapping[str, str]) -> Generator[None]:
    """Log what happens in the block under the trace of a request."""
    trace_id, span_id, sampled = _trace(headers)
    if not trace_id:
        yield
        return
    project = os.environ.get("GOOGLE_CLOUD_PROJECT")
    name = f"projects/{project}/traces/{trace_id}" if project else trace_id
    token = _traceparent.set(f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}")
    fields = {"trace": name, "spanId": span_id, "trace_sampled": sampled}
    try:
        with log_fields(**{f"logging.googleapis.com/{key}": fields[key] for key in fields}):
            yield
    finally:
        _traceparent.reset(token)


def _trace(headers: Mapping[str, str]) -> tuple[str, str, bool]:
    """Trace, span and whether it is sampled; empty where a request has none that can be read."""
    if match := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        return match[1], match[2], bool(int(match[3], 16) & 1)
    if match := _CLOUD_TRACE.fullmatch(headers.get("x-cloud-trace-context", "")):
        return match[1], f"{int(match[2]):016x}"[-16:], match[3] == "1"
    return "", "", False


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

        with traced(Headers(scope=scope)):
            try:
                await self._app(scope, receive, watch)
            finally:
                route = getattr(scope.get("route"), "path", "(no such route)")
                with log_fields(**_ids(scope)):
                    log_request(scope["method"], route, status, started_at)


def _ids(scope: Scope) -> dict[str, str]:
    """The ids that the path names, where they look like ids."""
    parameters: dict[str, object] = scope.get("path_params", {})
    return {
        name: str(value)
        for name, value in parameters.items()
        if name.endswith("_id") and _PROJECT_ID.fullmatch(str(value))
    }
