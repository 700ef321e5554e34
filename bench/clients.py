"""The cost of one call through the Supabase client, by the HTTP client that it uses.

All rows but the last use the Supabase client's own request builder. The last is the call that the functions make.
"""

import asyncio
import time
import warnings
from collections.abc import Callable

import httpx
import uvloop
from httpx_aiohttp import HttpxAiohttpClient

from bench.stack import StackInfo
from shared.database.transport import LeanClient, rpc
from shared.jobs.progress import GenerationProgress
from supabase import AsyncClient, AsyncClientOptions

CONCURRENCY = 16
TIMEOUT_SECONDS = 10.0
LIMITS = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)


def _lean() -> LeanClient:
    return LeanClient(timeout_seconds=TIMEOUT_SECONDS, max_connections=CONCURRENCY)


AS_THE_FUNCTIONS_CALL = "shared.database.transport, by its rpc"

CLIENTS: dict[str, Callable[[], httpx.AsyncClient | None]] = {
    "the Supabase client's own": lambda: None,
    "httpx, HTTP/1.1": lambda: httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=LIMITS),
    "aiohttp as httpx's transport": lambda: HttpxAiohttpClient(
        timeout=TIMEOUT_SECONDS, limits=LIMITS
    ),
    "shared.database.transport": _lean,
    AS_THE_FUNCTIONS_CALL: _lean,
}


def measure(
    stack: StackInfo, name: str, arguments: dict[str, str], calls: int
) -> tuple[float, float]:
    """Calls editai_read_progress; returns calls per second and microseconds of CPU time per call."""
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

    async def call_once() -> None:
        if name == AS_THE_FUNCTIONS_CALL:
            await rpc(supabase, "editai_read_progress", arguments, list[GenerationProgress])
        else:
            await supabase.rpc("editai_read_progress", arguments).execute()

    async def repeat(times: int) -> None:
        for _ in range(times):
            await call_once()

    await asyncio.gather(*(repeat(3) for _ in range(CONCURRENCY)))
    started_at, cpu_before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(repeat(calls // CONCURRENCY) for _ in range(CONCURRENCY)))
    seconds, cpu_seconds = time.perf_counter() - started_at, time.process_time() - cpu_before
    await supabase.postgrest.session.aclose()
    total = calls // CONCURRENCY * CONCURRENCY
    return total / seconds, cpu_seconds / total * 1e6
