"""Raw connections to the running library; a test writes the bytes itself."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class RawResponse:
    """A response as it was received."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """Its problem details."""
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.content)


@dataclass(frozen=True, kw_only=True)
class RawConnection:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes. If the other side has closed, the next read shows it."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def response(self, *, within: float = 10) -> RawResponse:
        """The next response."""
        async with asyncio.timeout(within):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip().split("\r\n")
            headers = dict(field.lower().split(": ", 1) for field in fields)
            content = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return RawResponse(status=int(line.split()[1]), headers=headers, content=content)

    async def closed(self, *, within: float = 10) -> bool:
        """Whether the other side closes the connection in time, without another byte."""
        return await self._rest(within) == b""

    async def ended(self, *, within: float = 10) -> bool:
        """Whether the other side closes the connection in time, whatever it sends before that."""
        return await self._rest(within) is not None

    async def _rest(self, within: float) -> bytes | None:
        try:
            async with asyncio.timeout(within):
                return await self.reader.read(-1)
        except ConnectionError:
            return b""
        except TimeoutError:
            return None


@asynccontextmanager
async def connect(library_url: str) -> AsyncGenerator[RawConnection]:
    """Open a connection; it is closed after the block."""
    url = urlsplit(library_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        yield RawConnection(reader=reader, writer=writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """A request's head with these headers and a host."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", **headers}.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
