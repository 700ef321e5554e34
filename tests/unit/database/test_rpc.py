"""Calls of SQL functions: the request matches the Supabase client's own, and so does the reading of the response."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError

from shared.answers import ANYTHING, NotJson
from shared.database.transport import LeanClient, rpc
from shared.http_client import MAX_RESPONSE_BYTES
from supabase import AsyncClient, AsyncClientOptions
from tests.support.serving import ReceivedRequest, responding, serving

KEY = "the service key"
ARGUMENTS = {"p_name": 'Zoë \u2028 "x"', "p_params": {"a": [1, None, 2.5]}, "p_owner_id": None}


@asynccontextmanager
async def supabase(url: str, **hooks: Any) -> AsyncGenerator[AsyncClient]:
    async with LeanClient(timeout_seconds=2, max_connections=2) as http:
        http.event_hooks = hooks
        options = AsyncClientOptions(postgrest_client_retry=False, httpx_client=http)
        yield AsyncClient(url, KEY, options)


def raw_response(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def through_the_builder(client: AsyncClient, name: str, arguments: dict[str, Any]) -> Any:
    return (await client.rpc(name, arguments).execute()).data


async def through_rpc(client: AsyncClient, name: str, arguments: dict[str, Any]) -> Any:
    return await rpc(client, name, arguments, ANYTHING)


Call = Callable[[AsyncClient, str, dict[str, Any]], Awaitable[Any]]
CALLS: list[Call] = [through_rpc, through_the_builder]


async def test_it_sends_the_same_request_as_the_supabase_client() -> None:
    received: list[ReceivedRequest] = []
    async with (
        serving(responding(received, raw_response("200 OK", b"[]"))) as url,
        supabase(url) as client,
    ):
        for call in CALLS:
            await call(client, "editai_start_job", ARGUMENTS)
    lean, builder = received
    assert lean == builder
    assert lean[0] == "POST /rest/v1/rpc/editai_start_job HTTP/1.1"
    assert lean[1]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("body", "value"), [(b'[{"a": 1}]', [{"a": 1}]), (b'"lost"', "lost"), (b"null", None)]
)
async def test_it_returns_the_function_s_result(call: Call, body: bytes, value: Any) -> None:
    async with (
        serving(responding([], raw_response("200 OK", body))) as url,
        supabase(url) as client,
    ):
        assert await call(client, "f", {}) == value


async def test_a_function_without_a_result_returns_none() -> None:
    no_content = raw_response("204 No Content", b"")
    async with serving(responding([], no_content)) as url, supabase(url) as client:
        assert await rpc(client, "f", {}, ANYTHING) is None


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        ("409 Conflict", b'{"code": "23505", "message": "taken", "hint": null}', "23505"),
        ("502 Bad Gateway", b"<html>", "502"),
        ("503 Service Unavailable", b"", "503"),
    ],
)
async def test_a_refused_call_raises_postgrest_s_error(
    call: Call, status: str, body: bytes, code: str | None
) -> None:
    async with serving(responding([], raw_response(status, body))) as url, supabase(url) as client:
        with pytest.raises(APIError) as raised:
            await call(client, "f", {})
    assert raised.value.code == code


async def test_a_gateway_s_error_without_a_code_raises_an_error_with_its_status() -> None:
    response = raw_response("401 Unauthorized", b'{"message": "Invalid API key"}')
    async with serving(responding([], response)) as url, supabase(url) as client:
        with pytest.raises(APIError) as raised:
            await rpc(client, "f", {}, ANYTHING)
    assert (raised.value.code, raised.value.message) == ("401", "Invalid API key")


async def test_a_response_of_any_length_is_read_only_to_a_limit() -> None:
    too_long = raw_response("200 OK", b" " * (MAX_RESPONSE_BYTES + 1))
    async with serving(responding([], too_long)) as url, supabase(url) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await rpc(client, "f", {}, ANYTHING)


@pytest.mark.parametrize("body", [b"<html>", b"[1,", b"\xff", b"[" * 200_000])
async def test_a_success_that_is_not_json_is_told_from_a_result(body: bytes) -> None:
    async with (
        serving(responding([], raw_response("200 OK", body))) as url,
        supabase(url) as client,
    ):
        with pytest.raises(NotJson):
            await rpc(client, "f", {}, ANYTHING)


async def test_hooks_see_the_call() -> None:
    statuses: list[int] = []

    async def hook(response: httpx.Response) -> None:
        statuses.append(response.status_code)

    served = serving(responding([], raw_response("200 OK", b"1")))
    async with served as url, supabase(url, request=[], response=[hook]) as client:
        assert await rpc(client, "f", {}, ANYTHING) == 1
    assert statuses == [200]
