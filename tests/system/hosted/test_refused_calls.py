"""Calls that hosted Supabase refuses or loses now and then spend no attempt and cause no internal error."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from local.parts.gateway import Gateway
from shared.errors import DatabaseUnavailable
from shared.jobs.leases import Busy, acquire_lease, release_lease, renew_lease
from shared.jobs.lifecycle import JobRequest, claim_job, finish_job, record_clip, start_job
from shared.jobs.progress import (
    Progress,
    get_generation_progress,
    update_generation_progress,
)
from shared.settings import get_settings
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.users import User

CALLS = int(os.environ.get("HOSTED_CALLS", "200"))
"""Calls of each kind. HOSTED_CALLS=2000 HOSTED_RATE=0.01 is the run whose figures are in docs/guarantees.md."""

CALLERS = 8


async def each(make: Callable[[int], Awaitable[None]]) -> None:
    """Call `make` with 0 to CALLS - 1, by several callers at once."""
    numbers = iter(range(CALLS))

    async def caller() -> None:
        for number in numbers:
            await make(number)

    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            group.create_task(caller())


async def until_available(call: Callable[[], Awaitable[Any]], counts: Counter[str]) -> Any:
    """The result of a call; what hosted Supabase's clients see as 503 is counted and repeated."""
    while True:
        try:
            return await call()
        except DatabaseUnavailable:
            counts["503"] += 1


@pytest.mark.usefixtures("hosted")
async def test_no_job_loses_an_attempt_or_a_checkpoint(admin: Connection) -> None:
    counts = Counter[str]()
    for number in range(CALLERS):
        admin.execute("select editai_create_project(%s, 'x', %s)", [UUID(int=7), f"reel-{number}"])
    projects = [f"reel-{number}" for number in range(CALLERS)]

    async def run_job(_: int) -> None:
        project = projects.pop()
        job_id = uuid4()
        request = JobRequest(project_id=project, owner_id=None, kind="raw_clips", params={})
        start = await until_available(
            lambda: start_job(request, get_settings(), job_id=job_id), counts
        )
        assert start.job.id == job_id
        claim = await claim_job(job_id, holder="worker", ttl_seconds=60)
        assert claim.outcome == "claimed", claim.outcome
        assert claim.lease is not None
        assert claim.job is not None
        await update_generation_progress(
            claim.lease, Progress(percentage=43, current_step="Cutting"), ttl_seconds=60
        )
        progress = await get_generation_progress(project, None)
        assert progress is not None
        assert progress.percentage == 43
        await record_clip(claim.lease, a_clip(claim.job.first_variant_number, project, job_id))
        await finish_job(claim.lease, "completed", result={})
        projects.append(project)

    await each(run_job)
    rows = admin.execute(
        "select status, attempt, count(*) from editai_jobs group by 1, 2"
    ).fetchall()
    assert rows == [{"status": "completed", "attempt": 1, "count": CALLS}]
    clips = admin.execute("select count(*) from editai_clips").fetchone()
    assert clips == {"count": CALLS}
    # A start whose outcome is unknown may be told so; nothing else of a job is.
    assert counts["503"] <= CALLS / 50


def a_clip(variant: int, project: str, job_id: UUID) -> dict[str, Any]:
    path = f"{project}/jobs/{job_id}/1/clip-{variant}"
    return {
        "variant_number": variant,
        "variant_name": f"Variant {variant}",
        "storage_path": f"{path}.mp4",
        "thumbnail_path": f"{path}.jpg",
        "duration_seconds": 3,
        "size_bytes": 1000,
        "width": 320,
        "height": 180,
        "frame_rate": 25,
        "segments": [],
    }


@pytest.mark.usefixtures("hosted")
async def test_no_lease_is_lost(admin: Connection) -> None:
    async def hold(number: int) -> None:
        lease = await acquire_lease(f"key-{number}", holder="h", ttl_seconds=60)
        assert not isinstance(lease, Busy)
        await renew_lease(lease, ttl_seconds=60)
        # A release whose response was lost is not repeated: its result would be another.
        with suppress(DatabaseUnavailable):
            assert await release_lease(lease)

    await each(hold)
    (row,) = admin.execute("select count(*) from editai_locks").fetchall()
    assert row["count"] <= CALLS / 20


async def new_project(client: httpx.AsyncClient) -> str:
    while True:
        created = await client.post("/projects", json={"name": "Reel"})
        if created.is_success:
            return created.json()["id"]


async def test_the_library_responds_to_every_request_without_an_internal_error(
    hosted: Gateway, library: FunctionProcess, user: User
) -> None:
    library.restart(SUPABASE_URL=hosted.url, MAX_PROJECTS_PER_USER=str(CALLS + 1))
    statuses = Counter[tuple[str, int]]()
    try:
        async with httpx.AsyncClient(
            base_url=library.url, headers=user.headers, timeout=20
        ) as client:
            project = await new_project(client)

            async def request(_: int) -> None:
                for name, path in (
                    ("poll", f"/projects/{project}/progress"),
                    ("list", "/projects"),
                    ("read", f"/projects/{project}"),
                    ("clips", f"/projects/{project}/clips"),
                ):
                    response = await client.get(path)
                    statuses[name, response.status_code] += 1
                renamed = await client.patch(f"/projects/{project}", json={"name": "Reel"})
                statuses["rename", renamed.status_code] += 1
                made = await client.post("/projects", json={"name": "Other"})
                statuses["create", made.status_code] += 1
                if made.status_code == 503:
                    assert made.headers["retry-after"]
                    assert made.json()["type"].endswith("database-unavailable")

            await each(request)
    finally:
        library.restart(SUPABASE_URL=library.project.supabase_url)
    reads = {key: count for key, count in statuses.items() if key[0] != "create"}
    assert {status for _, status in reads} == {200}, statuses
    assert {status for _, status in statuses} <= {200, 201, 503}, statuses
