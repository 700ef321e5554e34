"""HTTP clients that use the environment's proxies, except for loopback addresses, and read responses only to a limit.

A response that is longer than its limit, or compressed although we asked for none, raises httpx.RemoteProtocolError: a
peer, or a proxy before it, can then not fill our memory.
"""

import ssl
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any, cast

import httpx

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

MAX_RESPONSE_BYTES = 32 << 20
"""A longer response is not one that we asked for: a page of rows stays far below. It is read no further."""

UNCOMPRESSED = {"Accept-Encoding": "identity"}


def http_client(
    *, max_response_bytes: int | None = MAX_RESPONSE_BYTES, **options: Any
) -> httpx.AsyncClient:
    """An httpx client with these options. It uses HTTP_PROXY and the like, but never for loopback addresses.

    A remote proxy would connect to its own loopback, and NO_PROXY, which prevents that, is often not set. Without
    `max_response_bytes`, its caller streams responses and limits them.
    """

    async def bound(response: httpx.Response) -> None:
        _bound(response, max_response_bytes)

    # In httpx, a pattern mapped to None bypasses the proxy.
    mounts = {f"all://{host}": None for host in LOOPBACK}
    hooks = {"response": [bound]}
    return httpx.AsyncClient(
        mounts=mounts,
        headers=UNCOMPRESSED,
        event_hooks=hooks,
        verify=_tls(),
        **options,
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """The certificates to trust. Reading them takes 20 ms of CPU, and most clients send one request."""
    return httpx.create_ssl_context()


class Bounded(httpx.AsyncBaseTransport):
    """A transport whose responses are limited in size."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        response = await self._transport.handle_async_request(request)
        _bound(response, MAX_RESPONSE_BYTES)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def refuse_encoded(headers: httpx.Headers) -> None:
    """Raise RemoteProtocolError for a compressed response: its size says nothing about the size of its content."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx.RemoteProtocolError("the response is compressed")


def _bound(response: httpx.Response, max_bytes: int | None) -> None:
    refuse_encoded(response.headers)
    if max_bytes is not None:
        response.stream = _BoundedStream(
            cast("httpx.AsyncByteStream", response.stream), max_bytes=max_bytes
        )


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, *, max_bytes: int) -> None:
        self._stream = stream
        self._bytes_left = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                raise httpx.RemoteProtocolError("the response is too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
