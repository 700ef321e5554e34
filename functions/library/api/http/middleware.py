"""Middleware: uniform responses, unexpected errors, and request bodies that are left unread.

    NormalizeResponses ( CORS ( RequestLog ( CatchUnexpectedErrors ( DrainUnreadBody ( BodyTimeout ( routes ) ) ) ) ) )

These are plain ASGI classes: Starlette's BaseHTTPMiddleware would wrap the stream between an upload and its handler.
"""

import asyncio
import logging
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import EditAIError, plain_problem, problem_response

logger = logging.getLogger(__name__)

LINGER_SECONDS = 30.0
LINGER_IDLE_SECONDS = 5.0
"""As in nginx: some clients read the response only after they have sent the whole body."""

CLIENT_CLOSED_REQUEST = 499
"""As nginx and Cloud Run log it. HTTP has no status for a response that cannot be delivered."""

SMALL_BODY_BYTES = 64 * 1024
IS_HEAD = "editai.is_head"
"""Set in the scope of a HEAD request, which is handled as GET and whose content is dropped."""

_CONTENT_HEADERS = ("content-type", "content-length")


class NormalizeResponses:
    """Handles HEAD as GET without the content, forbids caching by default, turns plain-text errors into problems."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        replaced = False

        async def send_normalized(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if replaced := _is_plain_error(message["status"], headers):
                    await _send_problem(message["status"], headers, scope, send)
            if replaced:
                return
            if is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        get_scope = {**scope, "method": "GET", IS_HEAD: True}
        await self._app(get_scope if is_head else scope, receive, send_normalized)


def _is_plain_error(status: int, headers: Headers) -> bool:
    """Return whether a library made this error response itself, bypassing our handlers."""
    return status >= HTTPStatus.BAD_REQUEST and headers.get("content-type", "").startswith(
        "text/plain"
    )


async def _send_problem(status: int, headers: Headers, scope: Scope, send: Send) -> None:
    other_headers = {name: value for name, value in headers.items() if name not in _CONTENT_HEADERS}
    response = plain_problem(status, other_headers)
    await send({"type": "http.response.start", "status": status, "headers": response.raw_headers})
    body = b"" if scope["method"] == "HEAD" else bytes(response.body)
    await send({"type": "http.response.body", "body": body})


class CatchUnexpectedErrors:
    """Logs unexpected exceptions and responds with a 500 that reveals no details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except ClientDisconnect:
            # The client is gone; this response is only for the log, which would otherwise show a server error.
            if not started:
                await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, send)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                # The server then closes the connection, so that the truncated response does not look complete.
                raise
            await problem_response(EditAIError())(scope, receive, send)


class DrainUnreadBody:
    """Closes the connection gracefully when a response is sent before a large body has arrived.

    Closing at once would reset the connection, and a client that is still sending could lose the
    response. So the response is sent with `Connection: close`, and incoming data is discarded for
    a while, until the client has read the response (RFC 9112, 9.6). Without this class, and
    without a proxy, a client that keeps sending gets a reset in place of its 409 or 413; two tests fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _has_large_body(scope):
            await self._app(scope, receive, send)
            return
        ended = False
        closing = False

        async def watched_receive() -> Message:
            nonlocal ended
            message = await receive()
            ended = ended or message["type"] != "http.request" or not message.get("more_body")
            return message

        async def watched_send(message: Message) -> None:
            nonlocal closing
            if message["type"] == "http.response.start" and not ended:
                closing = True
                MutableHeaders(raw=message["headers"])["Connection"] = "close"
            if not closing or message.get("more_body") or message["type"] != "http.response.body":
                await send(message)
                return
            await send({**message, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while not ended:
                        async with asyncio.timeout(LINGER_IDLE_SECONDS):
                            await watched_receive()
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, watched_receive, watched_send)


def _has_large_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if length.isdecimal():
        return int(length) > SMALL_BODY_BYTES
    return "transfer-encoding" in headers
