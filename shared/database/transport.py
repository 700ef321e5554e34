"""Calls of SQL functions over HTTP, and the client that carries them: httpx to look at, aiohttp underneath.

`rpc` sends what `client.rpc(name, arguments).execute()` sends, for half of what that costs: the client's builder copies
the headers three times and reads the answer through httpx. A test holds the one against the other.
Source: https://docs.postgrest.org/en/v12/references/api/functions.html
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast

import aiohttp
import httpx
from httpx_aiohttp.transport import AiohttpTransport
from postgrest.exceptions import APIError, APIErrorFromJSON
from pydantic import ValidationError
from yarl import URL

from supabase import AsyncClient

_CONTENT = {"Content-Type": "application/json"}
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class LeanClient(httpx.AsyncClient):
    """Sends plain requests straight through aiohttp, and all others httpx's way over the same connections.

    A plain request has a body of bytes, or none, and needs nothing of what httpx does around it: hooks,
    authentication flows, cookies, redirects. Every call of a SQL function is one. A call through the Supabase
    client so costs a fifth of the CPU time that it costs with its default client, and half of what it costs
    with aiohttp as httpx's transport (`python -m bench.request_path`).
    """

    def __init__(self, *, timeout_seconds: float, connections: int) -> None:
        """Belongs to the running event loop. `timeout_seconds` is for a plain request as a whole."""
        trusted = httpx.create_ssl_context()
        self._usual_limit = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=trusted),
            timeout=self._usual_limit,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Answers are small; unpacking, if a server packs them all the same, is httpx's.
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding",),
        )
        transport = AiohttpTransport(client=self._session, verify=trusted)
        super().__init__(transport=transport, timeout=timeout_seconds)

    async def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        """Send a request as httpx does. Raises httpx.HTTPError when no answer comes."""
        if self._has_hooks() or not _is_plain(options):
            return await super().request(method, url, **options)
        headers, content = options.get("headers"), options.get("content")
        query = httpx.QueryParams(options.get("params"))
        target = f"{url}?{query}" if query else str(url)
        status, raw_headers, body = await self.exchange(
            method, target, headers=headers, content=content
        )
        request = httpx.Request(method, _as_asked(target), headers=headers, content=content)
        return httpx.Response(status, headers=raw_headers, content=body, request=request)

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        within_seconds: float | None = None,
    ) -> tuple[int, Sequence[tuple[bytes, bytes]], bytes]:
        """Send a plain request; return status, headers and body without httpx's objects, which cost as much again.

        Raises httpx.HTTPError when no answer comes within the client's timeout, or `within_seconds`.
        """
        if self._has_hooks():
            usual = self.timeout if within_seconds is None else within_seconds
            response = await super().request(
                method, url, headers=headers, content=content, timeout=usual
            )
            return response.status_code, response.headers.raw, response.content
        limit = self._usual_limit
        if within_seconds is not None:
            limit = aiohttp.ClientTimeout(total=within_seconds)
        try:
            async with self._session.request(
                method,
                _as_sent(url),
                headers=headers,
                data=content,
                allow_redirects=False,
                timeout=limit,
            ) as answer:
                return answer.status, answer.raw_headers, await answer.read()
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time") from error
        except aiohttp.ClientError as error:
            raise httpx.NetworkError(type(error).__name__) from error

    def _has_hooks(self) -> bool:
        return any(self.event_hooks.values())


async def rpc(
    client: AsyncClient,
    name: str,
    arguments: Mapping[str, Any],
    *,
    within_seconds: float | None = None,
) -> Any:
    """What a SQL function returns, as JSON; None for one that returns nothing.

    The client is one that was given a LeanClient. Raises postgrest's APIError for a refusal, with the answer's status
    as its code where the answer is not PostgREST's, and httpx.HTTPError when no answer comes.
    """
    status, _, body = await cast("LeanClient", client.postgrest.session).exchange(
        "POST",
        f"{client.rest_url}/rpc/{name}",
        # By items(): a lookup of one of httpx's headers searches them all.
        headers=dict(client.postgrest.headers.items()) | _CONTENT,
        content=_COMPACT.encode(arguments).encode(),
        within_seconds=within_seconds,
    )
    if httpx.codes.is_success(status):
        with suppress(ValueError):
            return json.loads(body) if body else None
    raise _refusal(status, body)


def _refusal(status: int, body: bytes) -> APIError:
    try:
        return APIError(dict(APIErrorFromJSON.model_validate_json(body)))
    except ValidationError:
        return APIError({"message": "not an answer of PostgREST", "code": str(status)})


def _is_plain(options: dict[str, Any]) -> bool:
    used = {name for name, value in options.items() if value}
    return used <= {"headers", "params", "content"} and isinstance(
        options.get("content"), bytes | None
    )


# The same few urls are asked for again and again, and taking one apart costs more than all else here.
@lru_cache(maxsize=256)
def _as_sent(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(maxsize=256)
def _as_asked(url: str) -> httpx.URL:
    return httpx.URL(url)
