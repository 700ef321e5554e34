"""The call of a SQL function: what the Supabase client itself would send, and how the answer is read."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError

from shared.database.transport import LeanClient, rpc
from supabase import AsyncClient, AsyncClientOptions
from tests.unit.database.serving import Asked, echoing, serving

KEY = "the service key"
ARGUMENTS = {"p_name": 'Zoë \u2028 "x"', "p_params": {"a": [1, None, 2.5]}, "p_owner_id": None}


@asynccontextmanager
async def supabase(url: str, **hooks: Any) -> AsyncGenerator[AsyncClient]:
    async with LeanClient(timeout_seconds=2, connections=2) as http:
        http.event_hooks = hooks
        options = AsyncClientOptions(postgrest_client_retry=False, httpx_client=http)
        yield AsyncClient(url, KEY, options)


def answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def by_the_builder(client: AsyncClient, name: str, arguments: dict[str, Any]) -> Any:
    return (await client.rpc(name, arguments).execute()).data


Way = Callable[[AsyncClient, str, dict[str, Any]], Awaitable[Any]]
WAYS: list[Way] = [rpc, by_the_builder]


async def test_it_sends_what_the_supabase_client_sends() -> None:
    seen: list[Asked] = []
    async with serving(echoing(seen, answer("200 OK", b"[]"))) as url, supabase(url) as client:
        for way in WAYS:
            await way(client, "editai_start_job", ARGUMENTS)
    ours, theirs = seen
    assert ours == theirs
    assert ours[0] == "POST /rest/v1/rpc/editai_start_job HTTP/1.1"
    assert ours[1]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("body", "value"), [(b'[{"a": 1}]', [{"a": 1}]), (b'"lost"', "lost"), (b"null", None)]
)
async def test_it_returns_what_the_function_does(way: Way, body: bytes, value: Any) -> None:
    async with serving(echoing([], answer("200 OK", body))) as url, supabase(url) as client:
        assert await way(client, "f", {}) == value


async def test_a_function_that_returns_nothing_gives_none() -> None:
    nothing = answer("204 No Content", b"")
    async with serving(echoing([], nothing)) as url, supabase(url) as client:
        assert await rpc(client, "f", {}) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        ("409 Conflict", b'{"code": "23505", "message": "taken", "hint": null}', "23505"),
        ("502 Bad Gateway", b"<html>", "502"),
        ("503 Service Unavailable", b"", "503"),
        ("404 Not Found", b'{"message": "nobody here"}', None),
    ],
)
async def test_a_refusal_is_postgrest_s_error(
    way: Way, status: str, body: bytes, code: str | None
) -> None:
    async with serving(echoing([], answer(status, body))) as url, supabase(url) as client:
        with pytest.raises(APIError) as refused:
            await way(client, "f", {})
    assert refused.value.code == code


@pytest.mark.parametrize("body", [b"<html>", b"[1,", b"\xff"])
async def test_a_success_that_is_no_json_is_no_answer_of_postgrest(body: bytes) -> None:
    async with serving(echoing([], answer("200 OK", body))) as url, supabase(url) as client:
        with pytest.raises(APIError) as refused:
            await rpc(client, "f", {})
    assert refused.value.code == "200"


async def test_hooks_see_the_call() -> None:
    statuses: list[int] = []

    async def hook(response: httpx.Response) -> None:
        statuses.append(response.status_code)

    served = serving(echoing([], answer("200 OK", b"1")))
    async with served as url, supabase(url, request=[], response=[hook]) as client:
        assert await rpc(client, "f", {}) == 1
    assert statuses == [200]
