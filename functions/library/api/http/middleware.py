"""What every answer gets, whoever made it, and what becomes of a body that nobody reads.

    NormalizeResponses ( CORS ( RequestLog ( CatchUnexpectedErrors ( DrainUnreadBody ( BodyTimeout ( routes ) ) ) ) ) )

Plain ASGI: Starlette's base class for middleware would stand between an upload and its handler.
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
"""As nginx does: some clients look for an answer only after they have sent everything."""

CLIENT_CLOSED_REQUEST = 499
"""As nginx and Cloud Run log it; HTTP has no status for an answer that nobody gets."""

SMALL_BODY_BYTES = 64 * 1024
IS_HEAD = "editai.is_head"
"""In the scope of a request that runs as GET, and whose content nobody gets."""

_CONTENT_HEADERS = ("content-type", "content-length")


class NormalizeResponses:
    """HEAD answered as GET without its content; no caching unless told; errors never in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        replaced = False

        async def clean(message: Message) -> None:
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

        as_get = {**scope, "method": "GET", IS_HEAD: True}
        await self._app(as_get if is_head else scope, receive, clean)


def _is_plain_error(status: int, headers: Headers) -> bool:
    """Tell whether a library answered an error by itself, past our handlers."""
    return status >= HTTPStatus.BAD_REQUEST and headers.get("content-type", "").startswith(
        "text/plain"
    )


async def _send_problem(status: int, headers: Headers, scope: Scope, send: Send) -> None:
    kept = {name: value for name, value in headers.items() if name not in _CONTENT_HEADERS}
    response = plain_problem(status, kept)
    await send({"type": "http.response.start", "status": status, "headers": response.raw_headers})
    body = b"" if scope["method"] == "HEAD" else bytes(response.body)
    await send({"type": "http.response.body", "body": body})


class CatchUnexpectedErrors:
    """An exception that nobody expected is logged here, and tells the client nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            # Only the log gets this answer; without one, it would tell of a fault of ours.
            if not started:
                await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, send)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                # The server cuts the connection, so that a broken answer does not look whole.
                raise
            await problem_response(EditAIError())(scope, receive, send)


class DrainUnreadBody:
    """Ends the connection of a request that is answered while a large body is still on its way.

    Closing at once would reset the connection, and a client that is still sending may lose the
    answer. So the answer is sent whole, with `Connection: close`, and what comes is thrown away for
    a moment, until the client has seen it (RFC 9112, 9.6). Without this class, and without a proxy, a client that keeps
    sending gets a reset in place of its 409 or 413; two tests fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _has_large_body(scope):
            await self._app(scope, receive, send)
            return
        ended = False
        leaving = False

        async def watched_receive() -> Message:
            nonlocal ended
            message = await receive()
            ended = ended or message["type"] != "http.request" or not message.get("more_body")
            return message

        async def watched_send(message: Message) -> None:
            nonlocal leaving
            if message["type"] == "http.response.start" and not ended:
                leaving = True
                MutableHeaders(raw=message["headers"])["Connection"] = "close"
            if not leaving or message.get("more_body") or message["type"] != "http.response.body":
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
