"""The lean client returns httpx's responses and raises httpx's errors."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from shared.database.transport import LeanClient
from tests.support.serving import ReceivedRequest, read_request, responding, serving


@pytest.fixture
async def client() -> AsyncIterator[LeanClient]:
    async with LeanClient(timeout_seconds=0.2, max_connections=2) as client:
        yield client


CREATED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\n"
    b'Content-Length: 8\r\nConnection: close\r\n\r\n{"a": 1}'
)


async def test_a_request_that_bypasses_httpx_arrives_unchanged(client: LeanClient) -> None:
    received: list[ReceivedRequest] = []
    async with serving(responding(received, CREATED)) as url:
        response = await client.request(
            "POST",
            f"{url}/rpc/f",
            content=b"{}",
            params=httpx.QueryParams({"id": "eq.a b&c"}),
            headers=httpx.Headers({"Content-Type": "application/json", "apikey": "k"}),
            auth=None,
        )
    ((line, headers, body),) = received
    assert line == "POST /rpc/f?id=eq.a+b%26c HTTP/1.1"
    assert (headers["content-type"], headers["apikey"], body) == ("application/json", "k", b"{}")
    assert (response.status_code, response.json()) == (201, {"a": 1})
    assert response.headers.get_list("x-two") == ["a", "b"]
    assert (response.request.method, response.request.headers["apikey"]) == ("POST", "k")


@pytest.mark.parametrize("bypass", [True, False])
async def test_a_request_with_hooks_goes_through_httpx_with_the_same_response(
    client: LeanClient, bypass: bool
) -> None:
    received: list[ReceivedRequest] = []
    hooked: list[int] = []

    async def hook(response: httpx.Response) -> None:
        hooked.append(response.status_code)

    if not bypass:
        client.event_hooks = {"request": [], "response": [hook]}
    async with serving(responding(received, CREATED)) as url:
        response = await client.request("POST", url, content=b"{}")
    assert (response.status_code, response.json()) == (201, {"a": 1})
    assert hooked == ([] if bypass else [201])
    assert received[0][2] == b"{}"


async def test_a_request_with_json_goes_through_httpx(client: LeanClient) -> None:
    received: list[ReceivedRequest] = []
    async with serving(responding(received, CREATED)) as url:
        await client.request("POST", url, json={"a": 1})
    assert received[0][2] == b'{"a":1}'


async def test_a_redirect_is_not_followed(client: LeanClient) -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with serving(responding([], moved)) as url:
        assert (await client.request("POST", url, content=b"{}")).status_code == 307


async def test_a_refused_connection_raises_httpxs_network_error(client: LeanClient) -> None:
    async with serving(responding([], CREATED)) as url:
        pass
    with pytest.raises(httpx.NetworkError):
        await client.request("POST", url, content=b"{}")


@pytest.mark.parametrize(
    "incomplete", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"?\r\n\r\n"]
)
async def test_an_incomplete_response_raises_httpxs_error(
    client: LeanClient, incomplete: bytes
) -> None:
    async with serving(responding([], incomplete)) as url:
        with pytest.raises(httpx.HTTPError):
            await client.request("POST", url, content=b"{}")


async def test_the_timeout_is_for_the_whole_response(client: LeanClient) -> None:
    """Each byte arrives in time but the whole response does not: the timeout is not per read."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" ")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await reader.read(1)
        writer.close()

    started_at = time.monotonic()
    async with serving(drip) as url:
        with pytest.raises(httpx.ReadTimeout):
            await client.request("POST", url, content=b"{}")
    assert time.monotonic() - started_at < 2
