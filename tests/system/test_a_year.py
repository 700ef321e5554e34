"""A year of work with a moved clock: what users have stays, with its files, and everything else is bounded."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.jobs.records import Clip, Lease
from tests.sql.client import SqlClient
from tests.sql.values import clip_facts
from tests.support.backend import Backend
from tests.support.database import Clock, Connection, Database
from tests.support.functions import FunctionProcess

OWNER = UUID(int=7)
DAY = 86400.0
ROUNDS = 26
ROUND_DAYS = 14
"""A round of jobs and one cleanup each two weeks."""
JOBS = 8
KEPT_JOBS = JOBS * (90 / ROUND_DAYS + 1)
"""Jobs are kept for 90 days, and each is removed by the first cleanup after that."""
ENDS = (
    "completed",
    "completed",
    "failed",
    "cancelled",
    "rendered",
    "rendered",
    "lost",
    "completed",
)


@dataclass(kw_only=True)
class Users:
    """Users who upload, start jobs and delete, and what they have. Workers store files as real ones do."""

    sql: SqlClient
    storage: Path
    projects: list[str] = field(default_factory=list[str])
    files: set[str] = field(default_factory=set[str])
    """Paths of what users have, and nobody has deleted."""
    numbers: "count[int]" = field(default_factory=count)

    def store(self, *paths: str, keep: bool) -> None:
        for path in paths:
            (self.storage / path).parent.mkdir(parents=True, exist_ok=True)
            (self.storage / path).write_bytes(b"file")
        if keep:
            self.files.update(paths)

    def forget(self, prefix: str) -> None:
        self.files = {path for path in self.files if not path.startswith(prefix)}

    def new_project(self) -> None:
        project = self.sql.create_project(owner_id=OWNER).id
        self.projects.append(project)
        for is_used in (True, False):
            (source,) = self.sql.create_source(project)
            self.store(source.storage_path, keep=is_used)
            if is_used:
                self.sql.confirm_source(source.id)

    def run_job(self, project: str, end: str) -> None:
        """One job with an idempotency key, from its start to its end."""
        key = f"key-{next(self.numbers)}"
        kind = "final_render" if end == "rendered" else "raw_clips"
        job = self.sql.start_job(project, kind=kind, idempotency_key=key, request_hash=key).job
        assert job is not None
        lease = self.sql.claim_job(job.id).lease
        assert lease is not None
        match end:
            case "rendered":
                self.render(lease)
            case "cancelled":
                self.leave_half(lease, job.first_variant_number)
                self.sql.cancel_job(project)
            case "lost":
                self.leave_half(lease, job.first_variant_number)  # its worker never comes back
            case _:
                for number in (0, 1) if end == "completed" else (0,):
                    self.record(lease, job.first_variant_number + number)
                self.sql.finish_job(lease, end)

    def record(self, lease: Lease, number: int) -> None:
        clip = self.sql.record_clip(lease, number).clip
        assert clip is not None
        self.store(clip.storage_path, clip.thumbnail_path, keep=True)

    def leave_half(self, lease: Lease, number: int) -> None:
        facts = clip_facts(lease, number)
        self.store(facts["storage_path"], facts["thumbnail_path"], keep=False)

    def render(self, lease: Lease) -> None:
        clips = self.clips_of(lease.project_id)
        path = f"{lease.project_id}/jobs/{lease.job_id}/{lease.fencing_token}/export"
        paths = {"storage_path": f"{path}.mp4", "thumbnail_path": f"{path}.jpg"}
        export: dict[str, Any] = clip_facts(lease, 1) | paths | {"preset": "tiktok", "options": {}}
        self.sql.finish_job(lease, export=export | {"clip_id": str(clips[-1].id)})
        self.store(*paths.values(), keep=True)

    def clips_of(self, project: str) -> list[Clip]:
        return self.sql.list_clips(project_id=project)

    def delete_something(self, project: str) -> None:
        """The newest clip, which no render used, and the newest export of the oldest clip."""
        newest, *_, oldest = self.clips_of(project)
        assert self.sql.delete_clip(newest.id).outcome == "deleted"
        self.forget(newest.storage_path)
        self.forget(newest.thumbnail_path)
        export, *_ = self.sql.list_exports(oldest.id)
        assert self.sql.delete_export(export.id) == "deleted"
        self.forget(export.storage_path)
        self.forget(export.thumbnail_path)

    def delete_project(self) -> None:
        project = self.projects.pop(1)  # the first one stays all year
        assert self.sql.delete_project(project).outcome == "deleted"
        self.forget(f"{project}/")


@pytest.fixture
def people(database: Database, fresh_state: Backend) -> Users:
    users = Users(
        sql=SqlClient(connection=database.connect("service_role")), storage=fresh_state.storage
    )
    for _ in range(4):
        users.new_project()
    return users


async def clean_up(lease_cleanup: FunctionProcess) -> None:
    headers = {"Authorization": f"Bearer {lease_cleanup.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60) as client:
        response = await client.post(lease_cleanup.url, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["faulty"] == 0


def sizes(admin: Connection) -> dict[str, int]:
    queries = {
        "jobs": "select count(*) as n from editai_jobs",
        "keys": "select count(*) as n from editai_jobs where idempotency_key is not null",
        "locks": "select count(*) as n from editai_locks",
        "progress": "select count(*) as n from editai_generation_progress",
        "garbage": "select count(*) as n from editai_storage_garbage",
        "pending": "select count(*) as n from editai_sources where status = 'pending'",
    }
    return {name: _one(admin, query)["n"] for name, query in queries.items()}


def _one(admin: Connection, query: str) -> dict[str, Any]:
    row = admin.execute(query.encode()).fetchone()
    assert row is not None
    return row


def paths_of_rows(admin: Connection) -> set[str]:
    rows = admin.execute(
        "select storage_path as path from editai_sources"
        " union all select unnest(array[storage_path, thumbnail_path]) from editai_clips"
        " union all select unnest(array[storage_path, thumbnail_path]) from editai_exports"
    ).fetchall()
    return {row["path"] for row in rows}


def stored(storage: Path) -> set[str]:
    return {str(file.relative_to(storage)) for file in storage.rglob("*") if file.is_file()}


async def test_a_year_loses_nothing_of_the_users_and_keeps_nothing_else(
    people: Users, lease_cleanup: FunctionProcess, clock: Clock, admin: Connection
) -> None:
    largest: dict[str, int] = {}
    last_token = 0
    for number_of_round in range(ROUNDS):
        for number, end in enumerate(ENDS):
            people.run_job(people.projects[number % 4], end)
        people.delete_something(people.projects[0])
        if number_of_round % 4 == 3:
            people.delete_project()
            people.new_project()
        clock.advance(ROUND_DAYS * DAY)
        await clean_up(lease_cleanup)  # requeues the lost job, past its deadline: fails it
        for name, size in sizes(admin).items():
            largest[name] = max(largest.get(name, 0), size)
        (row,) = admin.execute("select last_value from editai_fencing_tokens").fetchall()
        assert row["last_value"] > last_token
        last_token = row["last_value"]
    assert largest["jobs"] <= KEPT_JOBS
    assert largest["keys"] <= 2 * JOBS
    assert largest["locks"] == largest["pending"] == 0
    assert largest["progress"] <= len(people.projects)
    assert largest["garbage"] <= 4 * JOBS
    clock.advance(DAY)
    await clean_up(lease_cleanup)
    await clean_up(lease_cleanup)
    assert sizes(admin)["garbage"] == 0
    assert paths_of_rows(admin) == people.files == stored(people.storage)
    assert len(people.files) > 100
