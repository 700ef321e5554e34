"""The server before a function: what it takes of a connection that says too much, or nothing.

uvicorn's own protocol waits for a request's head for ever, keeps as much of it as comes, and keeps trailers as if they
were headers. In the cloud a proxy stands before it that does none of this; on a machine of one's own there may be none.

    connection made ... head complete ... body, trailers ... answered ... next head begins ... complete
    |---- head_seconds ----|                                     |------ head_seconds ------|
    |---- MAX_HEAD_BYTES --|              |- MAX_HEAD_BYTES -|   |----- MAX_HEAD_BYTES -----|
"""

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, cast

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.errors import MalformedRequest, RequestTimeout, plain_problem, problem_response

MAX_HEAD_BYTES = 64 * 1024
"""A request's first line and headers, or all its trailers; a token of Supabase has one or two thousand."""

MAX_HEADERS = 100
LINGER_SECONDS = 1.0
HEADERS_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class GuardedProtocol(HttpToolsProtocol):
    """One connection, whose requests are bounded in size but for their content, and their heads in time."""

    head_seconds: float = 10

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: TimerHandle | None = None
        self._bytes_without_content = 0
        self._trailers = 0
        self._trailer_bytes = 0
        self._in_head = False
        self._in_body = False
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
        # The parser puts a field together before it tells of it: one without an end is seen here alone, one read late
        # where content came with it.
        self._bytes_without_content += len(data)
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if self._bytes_without_content > MAX_HEAD_BYTES:
            self._refuse(plain_problem(HEADERS_TOO_LARGE))
        elif self._head_timer is None and not self._is_answering():
            self._await_head()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; count a trailer, which nobody reads.

        A request must not change while it is answered, least of all who sent it (RFC 9110, 6.5.1).
        """
        if self._in_head:
            super().on_header(name, value)
            return
        self._trailers += 1
        self._trailer_bytes += len(name) + len(value)
        self._check_size(self._trailers, self._trailer_bytes)

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        self._in_head = False
        self._bytes_without_content = 0
        self._end_waiting()
        self._check_size(len(self.headers), self._size_of_head())
        super().on_headers_complete()
        self._in_body = True
        self._trailers = self._trailer_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Take some of the content."""
        self._bytes_without_content = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of a request has come."""
        self._in_body = False
        self._bytes_without_content = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser stopped at."""
        del msg
        malformed = MalformedRequest("This is no HTTP request.")
        self._refuse(
            plain_problem(HEADERS_TOO_LARGE) if self._too_large else problem_response(malformed)
        )

    def _check_size(self, fields: int, size: int) -> None:
        if fields > MAX_HEADERS or size > MAX_HEAD_BYTES:
            self._too_large = True
            raise ValueError  # The parser stops, and the protocol answers as above.

    def _is_answering(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _may_answer(self) -> bool:
        """Tell whether an answer would be taken for that of the request which is wrong."""
        return self._drop_unread() if self._is_answering() else not self._in_body

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
        self._head_timer = self.loop.call_later(self.head_seconds, self._give_up)

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
        if not self._may_answer():
            self.transport.close()
            return
        problem.headers["Connection"] = "close"
        head = b"".join(b"%b: %b\r\n" % header for header in problem.raw_headers)
        status = HTTPStatus(problem.status_code)
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self.transport.write(line + head + b"\r\n" + bytes(problem.body))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
