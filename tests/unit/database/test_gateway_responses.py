"""Responses that are not from PostgREST but from a gateway, a load balancer or a content delivery network before it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from shared.answers import ANYTHING
from shared.database.client import QueryFailed, call, close_supabase, read
from shared.errors import DatabaseUnavailable
from tests.support.serving import responding, serving
from tests.support.settings import forget_settings

PAGE = b"<html><h1>Web server is down</h1></html>"

ProxyResponds = Callable[[int], AbstractAsyncContextManager[None]]


@pytest.fixture
def proxy_responds(fresh_state: object, monkeypatch: pytest.MonkeyPatch) -> ProxyResponds:
    """Replaces Supabase by a server that responds to every request with an HTML page and a status."""
    del fresh_state

    @asynccontextmanager
    async def respond(status: int) -> AsyncGenerator[None]:
        head = f"HTTP/1.1 {status} Page\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n"
        async with serving(responding([], head.encode() + PAGE)) as url:
            with monkeypatch.context() as patch:
                patch.setenv("SUPABASE_URL", url)
                patch.setattr("shared.database.client.CALL_TIMEOUT_SECONDS", 0.2)
                await _reconnect()
                yield
        await _reconnect()

    return respond


async def _reconnect() -> None:
    forget_settings()
    await close_supabase()


# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
@pytest.mark.parametrize(
    "status",
    [200, 400, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530],
)
async def test_a_status_that_leaves_the_call_s_outcome_unknown_is_database_unavailable(
    proxy_responds: ProxyResponds, status: int
) -> None:
    async with proxy_responds(status):
        with pytest.raises(DatabaseUnavailable):
            await call("read_progress", ANYTHING, project_id="reel", owner_id=None)
        with pytest.raises(DatabaseUnavailable):
            await read("sources", ANYTHING, project_id="reel")


@pytest.mark.parametrize("status", [301, 401, 403, 404])
async def test_a_status_that_someone_must_mend_is_database_unavailable(
    proxy_responds: ProxyResponds, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxy_responds(status):
        with pytest.raises(DatabaseUnavailable):
            await call("read_progress", ANYTHING, project_id="reel", owner_id=None)
        with pytest.raises(DatabaseUnavailable):
            await read("sources", ANYTHING, project_id="reel")
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.parametrize("status", [413, 431])
async def test_a_status_that_refuses_the_call_itself_is_query_failed(
    proxy_responds: ProxyResponds, status: int
) -> None:
    async with proxy_responds(status):
        with pytest.raises(QueryFailed):
            await call("read_progress", ANYTHING, project_id="reel", owner_id=None)
        with pytest.raises(QueryFailed):
            await read("sources", ANYTHING, project_id="reel")
