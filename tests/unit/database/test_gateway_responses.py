"""Answers that are not PostgREST's: of a gateway, a load balancer or a content delivery network before it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from shared.database.client import QueryFailed, call, close_supabase, read
from shared.errors import DatabaseUnavailable
from shared.settings import get_settings
from tests.unit.database.serving import echoing, serving

PAGE = b"<html><h1>Web server is down</h1></html>"

Answering = Callable[[int], AbstractAsyncContextManager[None]]


@pytest.fixture
def answering(fresh_state: object, monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Puts a server in the place of Supabase that answers everything with a page and a status."""
    del fresh_state

    @asynccontextmanager
    async def answers(status: int) -> AsyncGenerator[None]:
        head = f"HTTP/1.1 {status} Page\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
        async with serving(echoing([], head.encode() + PAGE)) as url:
            with monkeypatch.context() as patch:
                patch.setenv("SUPABASE_URL", url)
                await _connect_anew()
                yield
        await _connect_anew()

    return answers


async def _connect_anew() -> None:
    get_settings.cache_clear()
    await close_supabase()


# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
@pytest.mark.parametrize(
    "status",
    [200, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530],
)
async def test_whether_the_call_has_happened_is_not_known(
    answering: Answering, status: int
) -> None:
    async with answering(status):
        with pytest.raises(DatabaseUnavailable):
            await call("read_progress", project_id="reel", owner_id=None)
        with pytest.raises(DatabaseUnavailable):
            await read("sources", project_id="reel")


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413])
async def test_a_refusal_is_a_fault_of_the_call(answering: Answering, status: int) -> None:
    async with answering(status):
        with pytest.raises(QueryFailed):
            await call("read_progress", project_id="reel", owner_id=None)
        with pytest.raises(QueryFailed):
            await read("sources", project_id="reel")
