"""HTTP clients that use the environment's proxies, except for loopback addresses."""

from typing import Any

import httpx

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def http_client(**options: Any) -> httpx.AsyncClient:
    """An httpx client with these options. It uses HTTP_PROXY and the like, but never for loopback addresses.

    A remote proxy would connect to its own loopback, and NO_PROXY, which prevents that, is often not set.
    """
    # In httpx, a pattern mapped to None bypasses the proxy.
    return httpx.AsyncClient(mounts={f"all://{host}": None for host in LOOPBACK}, **options)
