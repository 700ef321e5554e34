"""The two ways to send a file to storage, each as steps that can be repeated after a failure."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import urljoin

import httpx

from editai_client.models import ResumableUpload
from editai_client.upload.memory import Ticket
from editai_client.upload.tus import CHUNK_TYPE, VERSION, check, encoded, offset_of
from editai_client.waiting import read

_BLOCK_BYTES = 1 << 18

OnSent = Callable[[int, int], None]
"""Called with the number of bytes that have been sent, and with that of all."""


@dataclass(kw_only=True)
class Outgoing:
    """A file on its way to storage."""

    client: httpx.Client
    file: BinaryIO
    size: int
    on_sent: OnSent

    def blocks(self, offset: int, length: int) -> Generator[bytes]:
        """A part of the file, and what it is told after each block."""
        self.file.seek(offset)
        end = offset + length
        while offset < end:
            yield read(self.file, min(_BLOCK_BYTES, end - offset))
            offset = self.file.tell()
            self.on_sent(offset, self.size)


@dataclass(kw_only=True)
class PutUpload(Outgoing):
    """An upload by one PUT, which starts again after a failure."""

    ticket: Ticket
    is_complete: bool = False
    attempts: int = 0

    def step(self) -> None:
        """Send the file. Raises TryAgain, UploadExpired, LibraryError, httpx.TransportError."""
        self.attempts += 1
        headers = {"Content-Type": self.ticket.content_type, "Content-Length": str(self.size)}
        response = self.client.put(
            self.ticket.upload_url, content=self.blocks(0, self.size), headers=headers
        )
        # At a repeat, 409 says that the file is there: the response to an earlier attempt was lost.
        if response.status_code != HTTPStatus.CONFLICT or self.attempts == 1:
            check(response)
        self.is_complete = True


@dataclass(kw_only=True)
class TusUpload(Outgoing):
    """A resumable upload by TUS."""

    resumable: ResumableUpload
    location: str | None
    """The upload's own URL; None until storage has given it one."""
    on_location: Callable[[str], None]
    offset: int | None = None
    """The bytes that storage has; None until it is asked, and after each failure."""

    @property
    def is_complete(self) -> bool:
        """Whether storage has the whole file."""
        return self.offset == self.size

    def step(self) -> None:
        """Do the next request. Raises TryAgain, UploadExpired, LibraryError, httpx.TransportError."""
        if self.location is None:
            self.location = self._create()
            self.on_location(self.location)
            self.offset = 0
        elif self.offset is None:
            self.offset = offset_of(self._request("HEAD", self.location, {}))
            self.on_sent(self.offset, self.size)
        else:
            offset, self.offset = self.offset, None
            self.offset = self._send_chunk(self.location, offset)

    def _create(self) -> str:
        headers = {
            "Upload-Length": str(self.size),
            "Upload-Metadata": encoded(self.resumable.metadata),
        }
        response = self._request("POST", self.resumable.url, headers)
        return urljoin(self.resumable.url, response.headers["Location"])

    def _send_chunk(self, location: str, offset: int) -> int:
        length = min(self.resumable.chunk_bytes, self.size - offset)
        headers = {
            "Upload-Offset": str(offset),
            "Content-Type": CHUNK_TYPE,
            "Content-Length": str(length),
        }
        blocks = self.blocks(offset, length)
        return offset_of(self._request("PATCH", location, headers, blocks))

    def _request(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: Generator[bytes] | None = None,
    ) -> httpx.Response:
        sent = {"Tus-Resumable": VERSION} | self.resumable.headers | headers
        response = self.client.request(method, url, headers=sent, content=content)
        check(response)
        return response
