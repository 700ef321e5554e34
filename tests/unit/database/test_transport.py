"""The lean client: it answers as httpx does, and its failures are httpx's."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from shared.database.transport import LeanClient
from tests.unit.database.serving import Asked, echoing, request_of, serving


@pytest.fixture
async def client() -> AsyncIterator[LeanClient]:
    async with LeanClient(timeout_seconds=0.2, connections=2) as client:
        yield client


CREATED = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\n"
    b'Content-Length: 8\r\nConnection: close\r\n\r\n{"a": 1}'
)


async def test_a_plain_request_arrives_as_it_was_asked(client: LeanClient) -> None:
    seen: list[Asked] = []
    async with serving(echoing(seen, CREATED)) as url:
        answer = await client.request(
            "POST",
            f"{url}/rpc/f",
            content=b"{}",
            params=httpx.QueryParams({"id": "eq.a b&c"}),
            headers=httpx.Headers({"Content-Type": "application/json", "apikey": "k"}),
            auth=None,
        )
    ((line, headers, body),) = seen
    assert line == "POST /rpc/f?id=eq.a+b%26c HTTP/1.1"
    assert (headers["content-type"], headers["apikey"], body) == ("application/json", "k", b"{}")
    assert (answer.status_code, answer.json()) == (201, {"a": 1})
    assert answer.headers.get_list("x-two") == ["a", "b"]
    assert (answer.request.method, answer.request.headers["apikey"]) == ("POST", "k")


@pytest.mark.parametrize("plain", [True, False])
async def test_what_is_not_plain_goes_httpxs_way_and_comes_to_the_same(
    client: LeanClient, plain: bool
) -> None:
    seen: list[Asked] = []
    hooked: list[int] = []

    async def hook(response: httpx.Response) -> None:
        hooked.append(response.status_code)

    if not plain:
        client.event_hooks = {"request": [], "response": [hook]}
    async with serving(echoing(seen, CREATED)) as url:
        answer = await client.request("POST", url, content=b"{}")
    assert (answer.status_code, answer.json()) == (201, {"a": 1})
    assert hooked == ([] if plain else [201])
    assert seen[0][2] == b"{}"


async def test_json_is_httpxs_to_encode(client: LeanClient) -> None:
    seen: list[Asked] = []
    async with serving(echoing(seen, CREATED)) as url:
        await client.request("POST", url, json={"a": 1})
    assert seen[0][2] == b'{"a":1}'


async def test_a_redirect_is_an_answer(client: LeanClient) -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with serving(echoing([], moved)) as url:
        assert (await client.request("POST", url, content=b"{}")).status_code == 307


async def test_nobody_there_is_httpxs_error(client: LeanClient) -> None:
    async with serving(echoing([], CREATED)) as url:
        pass
    with pytest.raises(httpx.NetworkError):
        await client.request("POST", url, content=b"{}")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"?\r\n\r\n"]
)
async def test_half_an_answer_is_httpxs_error(client: LeanClient, answer: bytes) -> None:
    async with serving(echoing([], answer)) as url:
        with pytest.raises(httpx.HTTPError):
            await client.request("POST", url, content=b"{}")


async def test_an_answer_that_drips_is_given_up_in_time(client: LeanClient) -> None:
    """Each byte comes in time, the whole does not: the limit is for the request, not for a read."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
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
