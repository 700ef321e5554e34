"""HTTP clients that follow the environment's proxies, except to this machine."""

from typing import Any

import httpx

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def http_client(**options: Any) -> httpx.AsyncClient:
    """An httpx client with these options. HTTP_PROXY and the like hold, but a proxy is never asked for the loopback.

    Elsewhere the loopback is the proxy's own, not ours; and NO_PROXY, which would say so, is often left out.
    """
    # A pattern without a transport of its own means a connection without a proxy.
    return httpx.AsyncClient(mounts={f"all://{host}": None for host in LOOPBACK}, **options)
