"""The environment's proxy is used for other machines, but not for loopback addresses."""

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
    """Responds to every request itself, and records its first line."""

    requests: list[str] = field(default_factory=list[str])

    async def respond(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.decode().splitlines()[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nproxy")
        await writer.drain()
        writer.close()


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    proxy = Proxy()
    async with await asyncio.start_server(proxy.respond, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield proxy


async def test_a_library_on_this_machine_is_called_directly(
    library: FunctionProcess, user: User, proxy: Proxy
) -> None:
    async with LibraryClient(library.url, user.token) as client:
        assert await client.clips((await client.create_project("Reel")).id) == []
    assert proxy.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_every_loopback_name_bypasses_the_proxy(host: str, proxy: Proxy) -> None:
    async with http_client() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://{host}:9/")
    assert proxy.requests == []


async def test_another_machine_is_called_through_the_proxy(proxy: Proxy) -> None:
    async with http_client() as client:
        assert (await client.get("http://library.test/projects")).text == "proxy"
    assert proxy.requests == ["GET http://library.test/projects HTTP/1.1"]
