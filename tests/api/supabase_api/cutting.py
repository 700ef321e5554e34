"""A line to a server that is cut once, after so many bytes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

BLOCK = 64 * 1024


@asynccontextmanager
async def cut_line(port: int, *, after_bytes: int) -> AsyncGenerator[int]:
    """The port of a proxy to a loopback port. The connection on which so many bytes were sent is reset."""
    left = after_bytes

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(_copy(server_reader, writer))
        with suppress(ConnectionError):
            while block := await reader.read(BLOCK):
                server_writer.write(block)
                await server_writer.drain()
                was_left, left = left, left - len(block)
                if left <= 0 < was_left:
                    writer.transport.abort()
                    server_writer.transport.abort()
        back.cancel()
        server_writer.close()
        writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
        writer.close()
