"""A proxy of the environment's is used for other machines, and not for this one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from editai_client import LibraryClient
from shared.http_client import http_client
from tests.support.functions import FunctionProcess
from tests.support.users import User


@dataclass(kw_only=True)
class Proxy:
    """Answers everything itself, and remembers the first line of what it was asked."""

    asked: list[str] = field(default_factory=list[str])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode().splitlines()[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy")
        await writer.drain()
        writer.close()


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    proxy = Proxy()
    async with await asyncio.start_server(proxy.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield proxy


async def test_a_library_of_this_machine_is_asked_directly(
    library: FunctionProcess, user: User, proxy: Proxy
) -> None:
    async with LibraryClient(library.url, user.token) as client:
        assert await client.clips((await client.create_project("Reel")).id) == []
    assert proxy.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_every_name_of_the_loopback_is_this_machine(host: str, proxy: Proxy) -> None:
    async with http_client() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{host}:9/")
    assert proxy.asked == []


async def test_another_machine_is_asked_through_the_proxy(proxy: Proxy) -> None:
    async with http_client() as client:
        assert (await client.get("http://library.test/projects")).text == "proxy"
    assert proxy.asked == ["GET http://library.test/projects HTTP/1.1"]
