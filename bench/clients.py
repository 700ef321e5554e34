"""What one call costs through the Supabase client, by the HTTP client that is beneath it.

All but the last are made by the client's own builder; the last is the one that the functions make.
"""

import asyncio
import time
import warnings
from collections.abc import Callable

import httpx
import uvloop
from httpx_aiohttp import HttpxAiohttpClient

from bench.stack import StackInfo
from shared.database.rpc import rpc
from shared.database.transport import LeanClient
from supabase import AsyncClient, AsyncClientOptions

AT_ONCE = 16
TIMEOUT_SECONDS = 10.0
LIMITS = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)


def _lean() -> LeanClient:
    return LeanClient(timeout_seconds=TIMEOUT_SECONDS, connections=AT_ONCE)


OURS = "shared.database.transport, by shared.database.rpc"

CLIENTS: dict[str, Callable[[], httpx.AsyncClient | None]] = {
    "the Supabase client's own": lambda: None,
    "httpx, HTTP/1.1": lambda: httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=LIMITS),
    "aiohttp as httpx's transport": lambda: HttpxAiohttpClient(
        timeout=TIMEOUT_SECONDS, limits=LIMITS
    ),
    "shared.database.transport": _lean,
    OURS: _lean,
}


def measure(
    stack: StackInfo, name: str, arguments: dict[str, str], calls: int
) -> tuple[float, float]:
    """Makes calls of editai_read_progress; returns calls a second and microseconds of CPU time a call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return uvloop.run(_measure(stack, name, arguments, calls))


async def _measure(
    stack: StackInfo, name: str, arguments: dict[str, str], calls: int
) -> tuple[float, float]:
    http_client = CLIENTS[name]()
    options = AsyncClientOptions(
        auto_refresh_token=False,
        persist_session=False,
        postgrest_client_retry=False,
        httpx_client=http_client,
    )
    supabase = AsyncClient(stack.supabase_url, stack.service_role_key, options)

    async def ask() -> None:
        if name == OURS:
            await rpc(supabase, "editai_read_progress", arguments)
        else:
            await supabase.rpc("editai_read_progress", arguments).execute()

    async def repeat(times: int) -> None:
        for _ in range(times):
            await ask()

    await asyncio.gather(*(repeat(3) for _ in range(AT_ONCE)))
    started_at, cpu_before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(repeat(calls // AT_ONCE) for _ in range(AT_ONCE)))
    seconds, cpu_seconds = time.perf_counter() - started_at, time.process_time() - cpu_before
    await supabase.postgrest.session.aclose()
    made = calls // AT_ONCE * AT_ONCE
    return made / seconds, cpu_seconds / made * 1e6
