"""A receiver of webhooks on this machine: it responds as it is told, and keeps what it gets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Message:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(kw_only=True)
class Receiver:
    """`status` is what it responds; None: it responds nothing."""

    port: int = 0
    status: int | None = 204
    location: str = ""
    connections: int = 0
    messages: list[Message] = field(default_factory=list[Message])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one connection."""
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in head.strip().split("\r\n")[1:])
            headers = {name.lower(): value for name, value in fields.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            self.messages.append(Message(headers=headers, body=body))
            if self.status is None:
                await reader.read()
            else:
                location = f"Location: {self.location}\r\n" if self.location else ""
                line = f"HTTP/1.1 {self.status} x\r\n{location}Content-Length: 0\r\n\r\n"
                writer.write(line.encode())
                await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    """A receiver that listens during the block."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.respond, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
