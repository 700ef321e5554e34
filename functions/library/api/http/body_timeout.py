"""A timeout for slow request bodies. Without it, a client that sends a byte now and then would hold a slot for ever.

uvicorn does not limit how long a body takes, and a function must survive without a proxy that does. Without this class
four tests of slow clients fail.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.settings import get_library_settings
from shared.errors import RequestTimeout

PORTION_BYTES = 64 * 1024
CLOSE = {"Connection": "close"}


class BodyTimeout:
    """Limits how long the application waits for each portion of a body. The application's own time does not count."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. Reading its body may raise HTTPException 408."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        await self._app(scope, _Portions(receive).receive, send)


class _Portions:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._timeout_seconds = get_library_settings().slow_body_seconds
        self._seconds_left = self._timeout_seconds
        self._bytes = 0
        self._ended = False

    async def receive(self) -> Message:
        """Receive the next message: a part of the body, or what follows it."""
        if self._ended:
            return await self._receive()
        now = asyncio.get_running_loop().time
        started_at = now()
        try:
            async with asyncio.timeout(self._seconds_left):
                message = await self._receive()
        except TimeoutError:
            # FastAPI lets no other exception through while it reads a body.
            raise HTTPException(408, RequestTimeout.default_detail, CLOSE) from None
        self._count(message, now() - started_at)
        return message

    def _count(self, message: Message, seconds: float) -> None:
        self._ended = message["type"] != "http.request" or not message.get("more_body")
        self._bytes += len(message.get("body", b""))
        self._seconds_left -= seconds
        if self._bytes >= PORTION_BYTES:
            self._seconds_left, self._bytes = self._timeout_seconds, 0


def _has_body(scope: Scope) -> bool:
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in scope["headers"]
    )
