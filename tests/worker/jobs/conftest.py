"""A project with the sample video, and jobs that are started as the library starts them."""

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import sql

from shared.jobs.lifecycle import JobRequest, JobStart, start_job
from shared.jobs.progress import GenerationProgress, get_generation_progress
from shared.jobs.records import Clip, Job
from shared.settings import get_settings
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually

Deliver = Callable[[FunctionProcess, UUID], Awaitable[httpx.Response]]


@dataclass(frozen=True, kw_only=True)
class ProjectAtWork:
    """A project, and the state of its job as seen from outside."""

    id: str
    source_id: UUID
    admin: Connection
    storage: Path

    async def start(self, **params: Any) -> Job:
        """Start a raw clips job, short enough for a test."""
        started = await self.try_start(**params)
        assert started.outcome == "started"
        assert started.job is not None
        return started.job

    async def try_start(self, **params: Any) -> JobStart:
        usual = {
            "source_id": str(self.source_id),
            "variant_count": 3,
            "target_duration": 3.0,
            "seed": 7,
        }
        request = JobRequest(
            project_id=self.id, owner_id=None, kind="raw_clips", params=usual | params
        )
        return await start_job(request, get_settings())

    async def progress(self) -> GenerationProgress:
        progress = await get_generation_progress(self.id, None)
        assert progress is not None
        return progress

    async def ended(self, timeout: float = 60) -> GenerationProgress:  # noqa: ASYNC109
        """Wait until the newest job has ended; return the progress."""

        async def look() -> GenerationProgress | None:
            progress = await self.progress()
            return progress if progress.job_status not in ("queued", "running") else None

        progress = await eventually(look, timeout, interval=0.1)
        assert progress is not None
        return progress

    def clips(self) -> list[Clip]:
        rows = self.admin.execute(
            "select * from editai_clips where project_id = %s order by variant_number", [self.id]
        ).fetchall()
        return [Clip.model_validate(row) for row in rows]

    def count(self, table: str) -> int:
        query = sql.SQL("select count(*) as rows from {}").format(sql.Identifier(table))
        row = self.admin.execute(query).fetchone()
        assert row is not None
        return row["rows"]

    def abandoned(self) -> bool:
        """Whether a worker has cut its lease short: with the tests' TTL, no running job has a lease this short."""
        row = self.admin.execute(
            "select expires_at < editai_clock() + interval '1 second' as short from editai_locks"
        ).fetchone()
        return row is not None and row["short"]

    def files(self) -> set[str]:
        """The paths of all stored files except the source."""
        stored = (path for path in self.storage.rglob("*") if path.is_file())
        return {str(path.relative_to(self.storage)) for path in stored} - {self.source_path}

    @property
    def source_path(self) -> str:
        return f"{self.id}/sources/{self.source_id}.mp4"


@pytest.fixture
def project(fresh_state: Backend, admin: Connection, small_video: Path) -> ProjectAtWork:
    """A project whose one source is a small video."""
    project = ProjectAtWork(id="reel", source_id=uuid4(), admin=admin, storage=fresh_state.storage)
    stored = fresh_state.storage / project.source_path
    stored.parent.mkdir(parents=True)
    shutil.copy(small_video, stored)
    admin.execute("select editai_create_project(%s, 'Reel', 'reel')", [str(uuid4())])
    admin.execute(
        """
        insert into editai_sources (
          id, project_id, status, file_name, storage_path, content_type, size_bytes,
          duration_seconds, width, height, frame_rate, has_audio)
        values (%s, 'reel', 'ready', 'small.mp4', %s, 'video/mp4', %s, 12, 320, 180, 24, true)
        """,
        [project.source_id, project.source_path, small_video.stat().st_size],
    )
    return project


Cleanup = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
def clean_up(lease_cleanup: FunctionProcess, fresh_state: Backend) -> Cleanup:
    """Triggers cleanup as the scheduler does, and returns its counts."""

    async def post() -> dict[str, int]:
        headers = {"Authorization": f"Bearer {fresh_state.project.internal_secret}"}
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.post(lease_cleanup.url, headers=headers)
        assert answer.status_code == 200, lease_cleanup.log
        return answer.json()

    return post


@pytest.fixture
def deliver(fresh_state: Backend) -> Deliver:
    """Sends a job to a worker as the dispatch does."""

    async def post(worker: FunctionProcess, job_id: UUID) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {fresh_state.project.internal_secret}",
            "Prefer": "respond-async",
        }
        async with httpx.AsyncClient(timeout=60) as client:

            async def taken() -> httpx.Response | None:
                # A job of the previous test may still occupy its slot.
                answer = await client.post(
                    worker.url, json={"job_id": str(job_id)}, headers=headers
                )
                return answer if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE else None

            answer = await eventually(taken, 30, interval=0.1)
            assert answer is not None
            return answer

    return post


def ffmpegs_of(worker: FunctionProcess) -> list[int]:
    """The ffmpeg processes that descend from a worker, by their parents in /proc."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text()
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :]
            state, parent = rest.split()[:2]
            if state != "Z":
                parents[int(entry.name)], names[int(entry.name)] = int(parent), name
    return [
        pid
        for pid, name in names.items()
        if name.startswith("ffmpeg") and _below(pid, worker.pid, parents)
    ]


def _below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == ancestor:
            return True
        pid = parents[pid]
    return False


def alive(pids: list[int]) -> list[int]:
    """The processes that are still running."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
