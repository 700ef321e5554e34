"""The HTTP client that the Supabase client is given: httpx to look at, aiohttp underneath."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp.transport import AiohttpTransport
from yarl import URL


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
        if not self._is_plain(options):
            return await super().request(method, url, **options)
        headers, content = options.get("headers"), options.get("content")
        query = httpx.QueryParams(options.get("params"))
        target = f"{url}?{query}" if query else str(url)
        answer, body = await self._exchange(method, target, headers, content)
        request = httpx.Request(method, _as_asked(target), headers=headers, content=content)
        return httpx.Response(
            answer.status, headers=answer.raw_headers, content=body, request=request
        )

    async def post_raw(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes,
        within_seconds: float | None = None,
    ) -> tuple[int, bytes]:
        """Send what `request` would send; return status and body without httpx's objects, which cost as much again.

        Raises httpx.HTTPError when no answer comes within the client's timeout, or `within_seconds`.
        """
        if not self._is_plain({}):
            usual = self.timeout if within_seconds is None else within_seconds
            response = await self.request(
                "POST", url, headers=headers, content=content, timeout=usual
            )
            return response.status_code, response.content
        answer, body = await self._exchange("POST", url, headers, content, within_seconds)
        return answer.status, body

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        within_seconds: float | None = None,
    ) -> tuple[aiohttp.ClientResponse, bytes]:
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
                return answer, await answer.read()
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time") from error
        except aiohttp.ClientError as error:
            raise httpx.NetworkError(type(error).__name__) from error

    def _is_plain(self, options: dict[str, Any]) -> bool:
        used = {name for name, value in options.items() if value}
        return (
            used <= {"headers", "params", "content"}
            and isinstance(options.get("content"), bytes | None)
            and not any(self.event_hooks.values())
        )


# The same few urls are asked for again and again, and taking one apart costs more than all else here.
@lru_cache(maxsize=256)
def _as_sent(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(maxsize=256)
def _as_asked(url: str) -> httpx.URL:
    return httpx.URL(url)
