"""The server before the application: what it takes of a connection that says too much, or nothing.

uvicorn's own protocol waits for a request's head for ever and keeps as much of it as comes. In the cloud a proxy
stands before it that does neither; on a machine of one's own there may be none.

    connection made ... head complete ... body ... answered ... next head begins ... complete
    |-- SLOW_HEAD_SECONDS --|                                   |-- SLOW_HEAD_SECONDS --|
                            |-- api.slow_bodies --|
"""

from asyncio import TimerHandle, Transport
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn_worker import UvicornWorker  # pyright: ignore[reportMissingTypeStubs]

from api.presence import STATE, connection_has_ended
from api.problems import plain_problem
from api.settings import get_library_settings
from shared.errors import MalformedRequest, RequestTimeout, problem_response

MAX_HEAD_BYTES = 64 * 1024
"""A request's first line and headers; a token of Supabase has one or two thousand."""

MAX_HEADERS = 100
LINGER_SECONDS = 1.0
HEADERS_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class GuardedProtocol(HttpToolsProtocol):
    """One connection, whose requests' heads are bounded in time and size."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_seconds = get_library_settings().slow_head_seconds
        self._head_timer: TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = False
        self._too_large = False
        self._refused = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._end_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came. A head that comes at once, as most do, needs no timer."""
        if self._refused:
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if not self._in_head:
            self._head_bytes = 0
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(plain_problem(HEADERS_TOO_LARGE))
        elif self._head_timer is None and not self._is_answering():
            self._await_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()
        self.scope.setdefault("state", {})[STATE] = partial(connection_has_ended, self.transport)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        self._in_head = False
        self._end_waiting()
        if len(self.headers) > MAX_HEADERS or self._size_of_head() > MAX_HEAD_BYTES:
            self._too_large = True
            raise ValueError  # The parser stops, and the protocol answers as below.
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser stopped at."""
        del msg
        malformed = MalformedRequest("This is no HTTP request.")
        self._refuse(
            plain_problem(HEADERS_TOO_LARGE) if self._too_large else problem_response(malformed)
        )

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _drop_unread(self) -> bool:
        """Give up the request whose body broke off, if nothing has been answered to it or one before it."""
        if self.pipeline or self.cycle.response_started or not self.cycle.more_body:
            return False
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        return True

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._head_seconds, self._give_up)

    def _end_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        if self._in_head:
            self._refuse(problem_response(RequestTimeout("The request's head took too long.")))
        else:
            self.transport.close()

    def _refuse(self, problem: Response) -> None:
        """Answer, unless that could be taken for another request's answer, and end the connection.

        What still comes is thrown away for a moment: closing at once would reset the connection, and the answer
        might be lost (RFC 9112, 9.6).
        """
        self._refused = True
        self._end_waiting()
        if self.transport.is_closing():
            return
        if self._is_answering() and not self._drop_unread():
            self.transport.close()
            return
        problem.headers["Connection"] = "close"
        head = b"".join(b"%b: %b\r\n" % header for header in problem.raw_headers)
        status = HTTPStatus(problem.status_code)
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self.transport.write(line + head + b"\r\n" + bytes(problem.body))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


def guard_server() -> None:
    """Make the framework's server use it, and no web sockets; the framework takes no options for its server."""
    ours = {"http": GuardedProtocol, "ws": "none"}
    UvicornWorker.CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, **ours}
