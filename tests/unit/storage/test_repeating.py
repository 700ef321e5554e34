"""Transfers that storage refuses in passing, over a Supabase bucket."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.errors import StorageUnavailable
from shared.storage import repeating
from shared.storage.repeating import repeated
from tests.unit.storage.storage_api import StorageApi
from tests.unit.storage.test_supabase_bucket import PATH, storage_at

ATTEMPTS = 5


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StorageApi]:
    monkeypatch.setattr(repeating, "PAUSES_SECONDS", (0.0,) * (ATTEMPTS - 1))
    async with StorageApi(key="service-key").serve() as api:
        yield api


async def store(api: StorageApi, file: Path, before_each: Callable[[], None]) -> None:
    async with storage_at(api.url, api.key) as storage:

        async def transfer() -> None:
            before_each()
            await storage.put(file, PATH, content_type="video/mp4")

        await repeated(transfer)


async def test_an_upload_that_gets_two_errors_is_stored_once(
    api: StorageApi, tmp_path: Path
) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"frames")
    statuses: list[int | None] = [500, 503, None]

    def answer_next() -> None:
        api.gateway_status = statuses.pop(0)

    await store(api, file, answer_next)
    assert (api.files, statuses) == ({PATH: b"frames"}, [])


async def test_an_outage_ends_the_repetitions(api: StorageApi, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"frames")
    seen: list[int] = []
    api.gateway_status = 500
    with pytest.raises(StorageUnavailable):
        await store(api, file, lambda: seen.append(500))
    assert (api.files, len(seen)) == ({}, ATTEMPTS)
