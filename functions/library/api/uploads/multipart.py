"""A streaming parser for multipart/form-data (RFC 7578), which buffers and writes nothing.

Starlette's form parser first writes every file to a temporary file. Here the bytes of a part are
passed on as they arrive.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from shared.errors import MalformedRequest

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# It logs every malformed body, which our response reports already.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


@dataclass(frozen=True, kw_only=True)
class PartBegin:
    """The start of a part. `file_name` is None for a field; a file's name may be empty, as its type may."""

    name: str
    file_name: str | None
    content_type: str


@dataclass(frozen=True)
class PartEnd:
    """The end of a part."""


Event = PartBegin | bytes | PartEnd


async def read_parts(content_type: str, body: AsyncIterator[bytes]) -> AsyncGenerator[Event]:
    """The parts of a body in order, each as PartBegin, bytes and PartEnd. Raises MalformedRequest."""
    reader = _Reader()
    try:
        parser = MultipartParser(_boundary(content_type), reader.callbacks())
        async for chunk in body:
            parser.write(chunk)
            for event in reader.take():
                yield event
    except FormParserError:
        raise MalformedRequest("The body is not valid multipart/form-data.") from None
    if not reader.ended:
        raise MalformedRequest("The body ends before its last boundary, so part of it is missing.")


def _boundary(content_type: str) -> bytes:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedRequest("The Content-Type of multipart/form-data needs a boundary.")
    return boundary


@dataclass
class _Reader:
    """Turns the parser's callbacks into events."""

    ended: bool = False
    _events: list[Event] = field(default_factory=list[Event])
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _disposition: bytes = b""
    _content_type: bytes = b""

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self._events = self._events, []
        return events

    def callbacks(self) -> "MultipartCallbacks":
        """The parser's callbacks."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._disposition = self._content_type = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _header_end(self) -> None:
        name, value = (bytes(part) for part in self._header)
        if name.lower() == b"content-disposition":
            self._disposition = value
        elif name.lower() == b"content-type":
            self._content_type = value
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        disposition, options = parse_options_header(self._disposition)
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise FormParserError("a part without a name")
        file_name = options.get(b"filename")
        self._events.append(
            PartBegin(
                name=name.decode(errors="replace"),
                file_name=None if file_name is None else file_name.decode(errors="replace"),
                content_type=self._content_type.decode(errors="replace"),
            )
        )

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _part_end(self) -> None:
        self._events.append(PartEnd())

    def _end(self) -> None:
        self.ended = True
