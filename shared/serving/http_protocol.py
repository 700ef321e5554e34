"""The HTTP server in front of a function: limits on the size and time of each request's head and trailers.

uvicorn's own protocol waits for a request's head without a timeout, buffers it without a limit, and stores trailers as
if they were headers. In the cloud a proxy in front of it prevents this; on your own machine there may be no proxy.
Measured without a proxy: half a head held its connection for more than 30 s, and 20 MB of headers took 70 MB of
memory. This protocol responds 408 after 10 s, and keeps none of the headers.

    connection made ... head complete ... body, trailers ... responded ... next head begins ... complete
    |---- head_seconds ----|                                     |------ head_seconds ------|
    |---- MAX_HEAD_BYTES --|              |- MAX_HEAD_BYTES -|   |----- MAX_HEAD_BYTES -----|
"""

import re
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, cast

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.errors import MalformedRequest, RequestTimeout, plain_problem, problem_response
from shared.serving.ending import is_ending

MAX_HEAD_BYTES = 64 * 1024
"""Limit of a request's first line and headers, and of all its trailers; a Supabase token takes one or two thousand."""

MAX_HEADERS = 100
LINGER_SECONDS = 1.0
_HOST = re.compile(rb"([\w.~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?", re.ASCII)
HEADERS_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Limits the size of each request except its content, and the time its head may take."""

    head_seconds: float = 10

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: TimerHandle | None = None
        self._bytes_since_content = 0
        self._trailers = 0
        self._trailer_bytes = 0
        self._in_head = False
        self._in_body = False
        self._too_large = False
        self._rejected = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the timeout of the first request's head."""
        super().connection_made(transport)
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeout."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received data. A head that arrives in one piece, as most do, needs no timer."""
        if self._rejected:
            return
        # The parser reports a field only when it is complete, so an endless field is seen only here. If content came in
        # the same read, it is seen one read later.
        self._bytes_since_content += len(data)
        super().data_received(data)
        if self._rejected or self.transport.is_closing():
            return
        if self._bytes_since_content > MAX_HEAD_BYTES:
            self._reject(plain_problem(HEADERS_TOO_LARGE))
        elif self._head_timer is None and not self._is_responding():
            self._start_head_timer()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a header; count and drop a trailer.

        A request must not change while it is being handled, least of all its sender's identity (RFC 9110, 6.5.1).
        """
        if self._in_head:
            super().on_header(name, value)
            return
        self._trailers += 1
        self._trailer_bytes += len(name) + len(value)
        self._check_size(self._trailers, self._trailer_bytes)

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too large."""
        self._in_head = False
        self._bytes_since_content = 0
        self._stop_head_timer()
        self._check_size(len(self.headers), self._size_of_head())
        self._check_host()
        super().on_headers_complete()
        if is_ending():
            self._close_after_response()
        self._in_body = True
        self._trailers = self._trailer_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Receive some of the content."""
        self._bytes_since_content = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        self._bytes_since_content = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Respond to a request that the parser rejected."""
        del msg
        malformed = MalformedRequest("This is not an HTTP request.")
        self._reject(
            plain_problem(HEADERS_TOO_LARGE) if self._too_large else problem_response(malformed)
        )

    def _check_size(self, fields: int, size: int) -> None:
        if fields > MAX_HEADERS or size > MAX_HEAD_BYTES:
            self._too_large = True
            raise ValueError  # The parser stops and calls send_400_response.

    def _check_host(self) -> None:
        """Stop at a request that does not say for which host it is, once and in a valid form (RFC 9112, 3.2)."""
        hosts = [value for name, value in self.headers if name == b"host"]
        is_valid = len(hosts) == 1 and _HOST.fullmatch(hosts[0])
        may_lack_one = self.parser is not None and self.parser.get_http_version() == "1.0"
        if not is_valid and (hosts or not may_lack_one):
            raise ValueError  # The parser stops and calls send_400_response.

    def _close_after_response(self) -> None:
        """Without this, a client of a connection that was accepted late would keep an ending process alive."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is not None:
            cycle.keep_alive = False

    def _is_responding(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is not None and not cycle.response_complete

    def _may_respond(self) -> bool:
        """Whether the client would match a response to the rejected request, not to an earlier one."""
        return self._drop_unread() if self._is_responding() else not self._in_body

    def _drop_unread(self) -> bool:
        """Abandon the request whose body broke off; False if its response has begun or an earlier one is still due."""
        if self.pipeline or self.cycle.response_started or not self.cycle.more_body:
            return False
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        return True

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _start_head_timer(self) -> None:
        seconds = min(self.head_seconds, LINGER_SECONDS) if is_ending() else self.head_seconds
        self._head_timer = self.loop.call_later(seconds, self._on_head_timeout)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        if self._in_head:
            self._reject(problem_response(RequestTimeout("The request's head took too long.")))
        else:
            self.transport.close()

    def _reject(self, problem: Response) -> None:
        """Send a problem and close the connection; send none if it could be taken for another request's response.

        Data that still arrives is discarded for a moment. Closing at once would reset the connection, and the response
        might be lost (RFC 9112, 9.6).
        """
        self._rejected = True
        self._stop_head_timer()
        if self.transport.is_closing():
            return
        if not self._may_respond():
            self.transport.close()
            return
        problem.headers["Connection"] = "close"
        head = b"".join(b"%b: %b\r\n" % header for header in problem.raw_headers)
        status = HTTPStatus(problem.status_code)
        line = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self.transport.write(line + head + b"\r\n" + bytes(problem.body))
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
