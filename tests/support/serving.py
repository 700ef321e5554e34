"""A server that sends a given response and records the requests that it receives."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ReceivedRequest = tuple[str, dict[str, str], bytes]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str]:
    """A server that calls the handler for each connection; yields its URL."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> ReceivedRequest:
    """Read a request: its request line, its headers with lower-case names, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return head[0], headers, await reader.readexactly(int(headers.get("content-length", 0)))


def responding(received: list[ReceivedRequest], response: bytes) -> Handler:
    """Records each request and sends the same response to all."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await read_request(reader))
        writer.write(response)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return handle
