"""A gateway in front of a function that has faults: it refuses requests, loses responses, or lets no events through."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = bytes | Literal["lose the response"]

LOSE_THE_RESPONSE: Fault = "lose the response"
UNAVAILABLE: Fault = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/html\r\n"
    b"Content-Length: 9\r\nConnection: close\r\n\r\n<p>no</p>"
)
"""What a gateway sends while nothing runs behind it."""

_BLOCK = 1 << 16


@dataclass(kw_only=True)
class Gateway:
    """Passes each request on in a connection of its own, except for the faults that are planned."""

    target_port: int
    faults: deque[Fault] = field(default_factory=deque[Fault])
    """One for each of the next requests."""
    lets_events_through: bool = True
    requests: list[str] = field(default_factory=list[str])
    port: int = 0
    _connections: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def plan(self, faults: Iterable[Fault]) -> None:
        """What happens to the next requests. What they were before is forgotten."""
        self.requests.clear()
        self.faults.extend(faults)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def close(self) -> None:
        """End what is still open."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(" ".join(head.decode().split(" ", 2)[:2]))
            fault = self.faults.popleft() if self.faults else None
            if isinstance(fault, bytes):
                writer.write(fault)
            else:
                await self._pass_on(self._changed(head), reader, writer, lose=fault is not None)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _changed(self, head: bytes) -> bytes:
        if not self.lets_events_through:
            head = head.replace(b"text/event-stream", b"application/json")
        return re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head)[:-2] + b"Connection: close\r\n\r\n"

    async def _pass_on(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        lose: bool,
    ) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        far_writer.write(head)
        there = asyncio.create_task(_copy(reader, far_writer))
        try:
            while block := await far_reader.read(_BLOCK):
                if lose:
                    writer.transport.abort()
                    return
                writer.write(block)
                await writer.drain()
        finally:
            there.cancel()
            far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()


@asynccontextmanager
async def gateway_to(target_port: int) -> AsyncGenerator[Gateway]:
    """A running gateway."""
    gateway = Gateway(target_port=target_port)
    async with await asyncio.start_server(gateway.accept, "127.0.0.1", 0) as server:
        gateway.port = server.sockets[0].getsockname()[1]
        yield gateway
        await gateway.close()
