"""A job whose storage refuses or stalls: a passing fault costs no attempt, a lasting one ends it with that reason."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from pipeline.kinds import recipes
from shared.jobs.lifecycle import claim_job
from shared.jobs.progress import GenerationProgress
from shared.running import running_job
from shared.running.attempt import run_job
from shared.storage import repeating, transfers
from tests.unit.storage.storage_api import StorageApi
from tests.unit.storage.test_supabase_bucket import storage_at
from tests.worker.jobs.conftest import Cleanup, ProjectAtWork

STALL_SECONDS = 1.0


@pytest.fixture
async def bucket(
    project: ProjectAtWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StorageApi]:
    """A bucket with the project's source, for jobs of this process; transfers that stall are given up soon."""
    monkeypatch.setattr(transfers, "BASE_SECONDS", STALL_SECONDS)
    monkeypatch.setattr(transfers, "SLOWEST_BYTES_PER_SECOND", 100 << 20)
    monkeypatch.setattr(repeating, "PAUSES_SECONDS", (0.0,) * len(repeating.PAUSES_SECONDS))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    api = StorageApi(key="service-key")
    source = project.storage / project.source_path
    api.files[project.source_path] = await asyncio.to_thread(source.read_bytes)
    async with api.serve(), storage_at(api.url, api.key) as storage:
        monkeypatch.setattr(running_job, "get_storage", lambda: storage)
        yield api


async def error(_: Request) -> Response:
    return Response("oops", status_code=500)


async def none(_: Request) -> None:
    """No fault."""


def remains(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def run(project: ProjectAtWork) -> str:
    job = await project.start(variant_count=1, target_duration=1)
    return await run_job(await claim_job(job.id, holder="test", ttl_seconds=60), recipes)


async def test_passing_errors_and_stalls_cost_no_attempt(
    project: ProjectAtWork, bucket: StorageApi, tmp_path: Path
) -> None:
    download, upload = [error, error, bucket.stall, error, none], [bucket.stall, error, none]
    bucket.faults += [*download, *upload]
    assert await run(project) == "completed"
    assert (await project.progress()).job_attempt == 1
    (clip,) = project.clips()
    assert set(bucket.files) == {project.source_path, clip.storage_path, clip.thumbnail_path}
    assert remains(tmp_path) == []


async def test_storage_that_stalls_ends_the_attempt_and_then_the_job(
    project: ProjectAtWork,
    bucket: StorageApi,
    clean_up: Cleanup,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(repeating, "LAST_START_SECONDS", STALL_SECONDS * 1.5)
    seen: list[GenerationProgress] = []

    async def stall(request: Request) -> None:
        seen.append(await project.progress())
        await bucket.stall(request)

    bucket.faults.append(stall)
    assert await run(project) == "abandoned"
    assert [(each.percentage, each.stalled) for each in seen] == [(0, False)] * 2
    assert project.abandoned()
    assert remains(tmp_path) == []

    project.admin.execute("update editai_jobs set max_attempts = 1")
    project.admin.execute("update editai_locks set expires_at = editai_clock()")
    await clean_up()
    assert (await project.progress()).job_error == {
        "code": "attempts_exhausted",
        "detail": "The storage of the files did not respond in the last of 1 attempts. Try again later.",
    }
