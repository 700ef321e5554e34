"""An event stream as a client reads it (HTML standard, 9.2.6), and what the library asks the database."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.library_client import Api

EVENTS = {"Accept": "text/event-stream"}


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event; a comment is an event of the name `:`."""

    name: str
    id: str | None = None
    data: Any = None
    comment: str = ""


@dataclass(kw_only=True)
class Stream:
    """An open stream."""

    response: httpx.Response
    retry: int | None = None
    comments: list[str] = field(default_factory=list[str])
    _lines: AsyncIterator[str] | None = None

    async def next(self, *, within: float = 10) -> Event | None:
        """The next event, or None at the end of the stream. Comments are collected."""
        async with asyncio.timeout(within):
            return await self._next()

    async def rest(self, *, within: float = 10) -> list[Event]:
        """All events until the end of the stream."""
        events: list[Event] = []
        while event := await self.next(within=within):
            events.append(event)
        return events

    async def _next(self) -> Event | None:
        self._lines = self._lines or self.response.aiter_lines()
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                if "data" in fields:
                    return Event(
                        name=fields["event"], id=fields.get("id"), data=json.loads(fields["data"])
                    )
                fields = {}
                continue
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            if name == "retry":
                self.retry = int(value)
            if not name:
                self.comments.append(value.strip())
        return None


@asynccontextmanager
async def listening(
    api: Api, project: str, *, seen: str | None = None, **headers: str
) -> AsyncGenerator[Stream]:
    """A stream of a project's progress, resumed after the event `seen`."""
    resumed = {} if seen is None else {"Last-Event-ID": seen}
    sent = {**api.headers, **EVENTS, **resumed, **headers}
    async with api.http.stream("GET", f"projects/{project}/progress", headers=sent) as response:
        if response.status_code != 200:
            await response.aread()
        yield Stream(response=response)


@dataclass(kw_only=True)
class Questions:
    """Counts the SQL functions that are called through a port, which forwards to the data API."""

    target: int
    port: int = 0
    calls: list[str] = field(default_factory=list[str])
    writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    def of(self, name: str) -> int:
        """How often a function was called."""
        return self.calls.count(name)

    def cut(self) -> None:
        """Abort every connection."""
        for writer in self.writers:
            writer.transport.abort()

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        self.writers.append(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        back = asyncio.create_task(self._pass(far_reader, writer, counted=False))
        await self._pass(reader, far_writer, counted=True)
        await back

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                # A call is small, so its first line is never split.
                for part in data.split(b"POST /rest/v1/rpc/editai_")[1:] if counted else ():
                    self.calls.append(part.split(b" ", 1)[0].decode())
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def counted(target: int) -> AsyncGenerator[Questions]:
    """Listen on a port that forwards to the data API at `target`."""
    questions = Questions(target=target)
    server = await asyncio.start_server(questions.forward, "127.0.0.1", 0)
    async with server:
        questions.port = server.sockets[0].getsockname()[1]
        yield questions
        server.close()
        questions.cut()
