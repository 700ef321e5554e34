"""Connections that reach allowed addresses only.

A name is resolved once for each connection. If one of its addresses is not allowed, none is used. The address is
checked again as the socket is made for it, which is the last moment before the connection and covers hosts that are
addresses themselves. So neither a second response of DNS nor another way to write an address leads elsewhere. The TLS
server name and the Host header stay those of the URL.
"""

import socket
from typing import Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from shared.webhooks.urls import is_allowed

TIMEOUT_SECONDS = 10.0
"""For a whole attempt: name, connection, TLS and response."""


class AddressRefused(OSError):
    """The host is at an address that webhooks must not reach."""


class GuardedResolver(AbstractResolver):
    """Refuses a name unless all of its addresses are allowed."""

    def __init__(self, *, local: bool, resolver: AbstractResolver | None = None) -> None:
        self._local = local
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name. Raises AddressRefused."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            refuse(result["host"], local=self._local)
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


def refuse(address: str, *, local: bool) -> None:
    """Raise AddressRefused unless the address is allowed."""
    if not is_allowed(address.partition("%")[0], local=local):
        raise AddressRefused("not a public address")


def guarded_session(*, local: bool, resolver: AbstractResolver | None = None) -> ClientSession:
    """A session whose connections reach allowed addresses only; it uses no proxy and keeps no connection."""

    def guarded_socket(address_info: Any) -> socket.socket:
        family, kind, protocol, _, address = address_info
        refuse(str(address[0]), local=local)
        return socket.socket(family, kind, protocol)

    connector = TCPConnector(
        resolver=GuardedResolver(local=local, resolver=resolver),
        socket_factory=guarded_socket,
        use_dns_cache=False,
        force_close=True,
    )
    return ClientSession(
        connector=connector,
        timeout=ClientTimeout(total=TIMEOUT_SECONDS),
        cookie_jar=DummyCookieJar(),
        trust_env=False,
    )
