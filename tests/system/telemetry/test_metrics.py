"""Counters and durations."""

import asyncio
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from editai_client import LibraryClient
from shared.jobs.leases import acquire_lease, keep_lease
from shared.jobs.records import Lease
from shared.observability.telemetry import SCOPE
from shared.observability.telemetry_sdk import Sender
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.users import User
from tests.support.waiting import eventually
from tests.system.telemetry.conftest import Functions, generate
from tests.system.telemetry.receiver import Receiver

JOB = ("editai.job.duration", "raw_clips", "completed")


async def test_jobs_conflicts_and_waits_are_measured(
    watched: Functions,
    client: LibraryClient,
    user: User,
    small_video: Path,
    receiver: Receiver,
) -> None:
    project = await client.create_project("Holiday")
    lease = await acquire_lease(project.id, holder="a test", ttl_seconds=60)
    assert isinstance(lease, Lease)
    library = watched["library"]
    assert (await generate(library, user, project.id, small_video)).status_code == 409
    waited = await generate(library, user, project.id, small_video, prefer="wait=1")
    assert waited.status_code == 409
    await client.cancel(project.id)
    assert (await generate(library, user, project.id, small_video)).status_code == 202
    async for _ in client.follow(project.id):
        pass

    await eventually(lambda: receiver.counts.get(JOB) == 1)

    assert receiver.sums[JOB] > 0
    assert receiver.sums["editai.conflicts", "none"] == 2
    assert receiver.counts["editai.wait.duration", "busy"] == 1
    assert receiver.sums["editai.wait.duration", "busy"] >= 1


async def test_a_lost_lease_is_counted(
    client: LibraryClient, small_video: Path, receiver: Receiver, admin: Connection
) -> None:
    project = await client.create_project("Holiday")
    await client.generate(project.id, small_video, variant_count=1, target_duration=2)

    def remove_lease() -> int:
        query = "delete from editai_locks where holder like 'worker %%' and project_id = %s"
        return admin.execute(query, [project.id]).rowcount

    await eventually(remove_lease)

    # The duration is recorded last, and an export may happen between the two metrics.
    ended = ("editai.job.duration", "raw_clips", "lost")
    await eventually(lambda: receiver.counts.get(ended) == 1, 30)
    assert receiver.sums["editai.leases.lost", "raw_clips"] == 1


async def test_the_actions_of_cleanup_are_counted(
    watched: Functions, backend: Backend, receiver: Receiver
) -> None:
    lease = await acquire_lease("reel", holder="a test", ttl_seconds=0.001)
    assert isinstance(lease, Lease)
    headers = {"Authorization": f"Bearer {backend.project.internal_secret}"}

    async with httpx.AsyncClient(timeout=30) as http:
        response = await http.post(watched["lease_cleanup"].url, headers=headers)

    assert response.json()["released"] == 1
    await eventually(lambda: receiver.sums.get(("editai.cleanup", "released")) == 1)
    assert receiver.sums["editai.cleanup", "failed"] == 0
    (request,) = await eventually(lambda: receiver.named("POST lease_cleanup"))
    assert request.service == "editai-lease_cleanup"


@pytest.mark.parametrize(("response_after_seconds", "late"), [(0.0, 0), (2.1, 1)])
async def test_a_slow_renewal_counts_as_a_late_heartbeat(
    receiver: Receiver,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
    response_after_seconds: float,
    late: int,
) -> None:
    counter = sender.meters.get_meter(SCOPE).create_counter("editai.heartbeats.late")
    # OpenTelemetry takes a provider once per process, so this test's real counter stands in for the global one.
    monkeypatch.setattr("shared.jobs.leases._late_heartbeats", counter)
    now = asyncio.get_running_loop().time
    started_at = now()
    renewed = asyncio.Event()

    async def renew() -> None:
        await eventually(lambda: now() - started_at > response_after_seconds)
        renewed.set()

    lease = Lease.model_validate(
        {
            "project_id": "reel",
            "lease_id": UUID(int=1),
            "job_id": None,
            "holder": "a test",
            "fencing_token": 1,
            "acquired_at": "2026-11-23T10:00:00Z",
            "expires_at": "2026-11-23T10:01:00Z",
            "requested_at": asyncio.get_running_loop().time(),
        }
    )
    async with keep_lease(lease, ttl_seconds=4, renew=renew) as keeper:
        keeper.renew_soon()
        await renewed.wait()
    await asyncio.wrap_future(sender.flush())

    assert receiver.sums.get(("editai.heartbeats.late",), 0) == late
