"""Receives an uploaded file: written to disk as it arrives, off the event loop, and up to a maximum size."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.http.problems import invalid_parts, invalid_request
from api.http.security import too_large
from api.uploads.multipart import PartBegin, read_parts
from shared.job_params.json_types import parse_number
from shared.names import shown_file_name
from shared.storage.interface import disk_faults

BLOCK_BYTES = 1 << 20
"""The size of one write: large enough for few thread switches, small enough for little memory."""

FORM_OVERHEAD_BYTES = 64 * 1024
"""The maximum size of everything in a form besides the file."""

FIELD_MAX_BYTES = 4000
"""More than any field's own limit; the longest is that of webhook_url."""

FILE_FIELD = "video"

Options = TypeVar("Options", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Form(Generic[Options]):
    """The contents of a form besides the file's bytes; `digest` is the file's SHA-256."""

    options: Options
    file_name: str
    digest: str


class FileSink:
    """A file that is written block by block."""

    def __init__(self, file: BinaryIO, *, max_bytes: int) -> None:
        self.size = 0
        self._file = file
        self._max_bytes = max_bytes
        self._hash = sha256()
        self._block = bytearray()

    @property
    def digest(self) -> str:
        """The SHA-256 of everything that has been flushed."""
        return self._hash.hexdigest()

    async def write(self, data: bytes) -> None:
        """Append data. Raises PayloadTooLarge, StorageUnavailable."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise too_large(self._max_bytes)
        self._block += data
        if len(self._block) >= BLOCK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Write the buffered block. Raises StorageUnavailable."""
        block, self._block = self._block, bytearray()
        with disk_faults():
            await asyncio.to_thread(self._store, block)

    def _store(self, block: bytearray) -> None:
        self._hash.update(block)
        self._file.write(block)


@asynccontextmanager
async def file_sink(path: Path, *, max_bytes: int) -> AsyncGenerator[FileSink]:
    """A new file to write to; it is complete when the block ends."""
    with disk_faults():
        file = path.open("wb")
    with file:
        sink = FileSink(file, max_bytes=max_bytes)
        yield sink
        await sink.flush()


async def receive_form(
    request: Request, path: Path, *, options: type[Options], max_bytes: int
) -> Form[Options]:
    """Write a form's file to `path` as it arrives, and return the rest of the form.

    Raises:
        MalformedRequest: the body is not complete multipart.
        InvalidRequest: a field is unknown, missing, repeated or invalid. Raised as early as possible,
            so that a client need not send the file first.
        PayloadTooLarge: the file, or the rest of the form, is too large.
        StorageUnavailable: the file cannot be written.
        ClientDisconnect: the client disconnected.

    """
    reader = _FormReader(options)
    body = _bounded(request.stream(), max_bytes=max_bytes)
    async with (
        file_sink(path, max_bytes=max_bytes) as sink,
        aclosing(read_parts(request.headers["content-type"], body)) as events,
    ):
        async for event in events:
            if isinstance(event, PartBegin):
                reader.begin(event)
            elif not isinstance(event, bytes):
                reader.end()
            elif reader.in_file:
                await sink.write(event)
            else:
                reader.add(event)
    return Form(
        options=reader.validate(), file_name=reader.required_file_name(), digest=sink.digest
    )


async def _bounded(body: AsyncIterator[bytes], *, max_bytes: int) -> AsyncGenerator[bytes]:
    received = 0
    async for chunk in body:
        received += len(chunk)
        if received > max_bytes + FORM_OVERHEAD_BYTES:
            raise too_large(max_bytes)
        yield chunk


class _FormReader(Generic[Options]):
    """Collects the fields of a form, part by part."""

    def __init__(self, options: type[Options]) -> None:
        self._options = options
        self._fields: dict[str, bytearray] = {}
        self._current = ""
        self._file_name: str | None = None

    @property
    def in_file(self) -> bool:
        return self._current == FILE_FIELD

    def begin(self, part: PartBegin) -> None:
        self._current = part.name
        if self.in_file:
            self._begin_file(part.file_name)
            return
        if part.name not in self._options.model_fields:
            raise invalid_parts((f"body.{part.name[:100]}", "Unknown field"))
        if part.name in self._fields:
            raise invalid_parts((f"body.{part.name}", "Send this field only once"))
        self._fields[part.name] = bytearray()

    def _begin_file(self, file_name: str | None) -> None:
        if self._file_name is not None:
            raise invalid_parts((f"body.{FILE_FIELD}", "Send exactly one file"))
        if not file_name:
            raise invalid_parts((f"body.{FILE_FIELD}", "Send a file with a file name"))
        self._file_name = shown_file_name(file_name)
        self.validate()

    def add(self, data: bytes) -> None:
        value = self._fields[self._current]
        value += data
        if len(value) > FIELD_MAX_BYTES:
            raise invalid_parts((f"body.{self._current}", "The value is too long"))

    def end(self) -> None:
        self._current = ""

    def validate(self) -> Options:
        values = {
            name: parse_number(value.decode(errors="replace"))
            for name, value in self._fields.items()
        }
        try:
            return self._options.model_validate(values)
        except ValidationError as error:
            raise body_errors(error) from None

    def required_file_name(self) -> str:
        if self._file_name is None:
            raise invalid_parts((f"body.{FILE_FIELD}", "Field required; send the video as a file"))
        return self._file_name


def body_errors(error: ValidationError) -> Exception:
    """The error for a body that does not match its model."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    return invalid_request({**part, "loc": ("body", *part["loc"])} for part in errors)
