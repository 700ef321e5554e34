"""Whether storage works, as readyz asks: told in bounded time, and asking often puts no load on it."""

import asyncio
import contextlib
import socket

import pytest

from shared.errors import StorageUnavailable
from shared.storage.check import (
    FAILURE_KEPT_SECONDS,
    KEPT_SECONDS,
    TIMEOUT_SECONDS,
    StorageCheck,
)
from tests.unit.storage.storage_api import StorageApi
from tests.unit.storage.test_supabase_bucket import storage_at


async def test_a_bucket_works_until_it_refuses_the_key_or_is_away() -> None:
    async with (
        StorageApi(key="service-key").serve() as api,
        storage_at(api.url, api.key) as storage,
        storage_at(api.url, "an older key") as refused,
    ):
        await StorageCheck(storage.check).check()
        with pytest.raises(StorageUnavailable):
            await StorageCheck(refused.check).check()
    async with storage_at(api.url, api.key) as gone:
        with pytest.raises(StorageUnavailable):
            await StorageCheck(gone.check).check()


async def test_a_storage_that_hangs_is_told_in_time_and_asked_once() -> None:
    now = asyncio.get_running_loop().time
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with storage_at(f"http://127.0.0.1:{silent.getsockname()[1]}", "key") as storage:
            check = StorageCheck(storage.check)
            begun_at = now()
            results = await asyncio.gather(
                *(check.check() for _ in range(20)), return_exceptions=True
            )
            assert {type(result) for result in results} == {StorageUnavailable}
            assert TIMEOUT_SECONDS <= now() - begun_at < 2 * TIMEOUT_SECONDS + 3
            silent.setblocking(False)
            accepted = [silent.accept()[0]]
            with pytest.raises(BlockingIOError):
                silent.accept()
            for connection in accepted:
                connection.close()


@pytest.mark.parametrize(
    ("works", "kept_seconds"), [(True, KEPT_SECONDS), (False, FAILURE_KEPT_SECONDS)]
)
async def test_an_outcome_is_kept_for_a_while(
    monkeypatch: pytest.MonkeyPatch, *, works: bool, kept_seconds: float
) -> None:
    """A failure for a shorter time: it is followed by a recovery, which readyz is to show."""
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if not works and asked == 1:
            raise StorageUnavailable

    loop = asyncio.get_running_loop()
    check, real = StorageCheck(ask), loop.time
    for _ in range(3):
        with contextlib.nullcontext() if works else pytest.raises(StorageUnavailable):
            await check.check()
    assert asked == 1
    monkeypatch.setattr(loop, "time", lambda: real() + kept_seconds)
    await check.check()
    assert asked == 2
