"""A server that says what it is told to, and notes what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Asked = tuple[str, dict[str, str], bytes]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str]:
    """A server that treats each connection as the handler says; yields its address."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def request_of(reader: asyncio.StreamReader) -> Asked:
    """The request line, the headers in lower case and the body of what arrives."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    return head[0], headers, await reader.readexactly(int(headers.get("content-length", 0)))


def echoing(seen: list[Asked], answer: bytes) -> Handler:
    """Notes what arrives and gives one answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await request_of(reader))
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return handle
