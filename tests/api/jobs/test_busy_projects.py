"""A busy project: 409 at once, after a wait, and before the body is read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from shared.jobs.leases import acquire_lease, release_lease
from shared.jobs.records import Lease
from shared.settings import get_settings
from tests.support.database import Clock
from tests.support.library_client import Api, Traces, problem


async def hold(project: str) -> Lease:
    lease = await acquire_lease(project, holder="nightly export", ttl_seconds=600)
    assert isinstance(lease, Lease)
    return lease


async def test_of_many_at_once_exactly_one_starts(api: Api, project: str, traces: Traces) -> None:
    answers = await asyncio.gather(*(api.generate(project) for _ in range(24)))

    (started,) = [answer.json()["job"] for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert len(refused) == 23
    for answer in refused:
        content = problem(answer, 409, "project-busy")
        assert content["detail"] == "Project is currently being processed. Try again later."
        assert content["job"] == {"id": started["id"], "kind": "raw_clips"}
        assert content["lease_expires_at"].endswith("Z")
        assert int(answer.headers["retry-after"]) > 0
    assert len(traces.files()) == traces.count("editai_sources") == traces.count("editai_jobs") == 1
    await api.cancel(project)
    assert traces.count("editai_locks") == 0


async def test_a_busy_project_is_refused_before_the_body_is_read(
    api: Api, project: str, traces: Traces
) -> None:
    await hold(project)
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x"

    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "400000"}
    path = f"projects/{project}/generate"
    answer = await api.call("POST", path, content=body(), headers=headers)
    problem(answer, 409, "project-busy")
    assert answer.headers["connection"] == "close"
    # What came after the answer was thrown away, at most a moment's worth.
    assert read <= 1
    assert not traces.files()


async def test_an_expired_lease_does_not_make_a_project_busy(
    api: Api, project: str, clock: Clock
) -> None:
    await hold(project)
    clock.advance(601)
    assert (await api.generate(project)).status_code == 202


async def test_a_job_that_waits_for_a_worker_keeps_its_project_busy(
    api: Api, project: str, clock: Clock
) -> None:
    """Far beyond the dispatch lease, and without a cleanup in between."""
    waiting = (await api.generate(project)).json()["job"]
    clock.advance(get_settings().dispatch_ttl_seconds + 30)
    content = problem(await api.generate(project), 409, "project-busy")
    assert content["job"] == {"id": waiting["id"], "kind": "raw_clips"}
    left = datetime.fromisoformat(content["lease_expires_at"]) - clock.now()
    assert 0 < left.total_seconds() < get_settings().job_deadline_seconds
    progress = (await api.get(f"projects/{project}/progress")).json()
    assert (progress["job"]["id"], progress["job"]["status"]) == (waiting["id"], "queued")
    assert not progress["stalled"]


async def test_waiting_ends_when_the_project_is_free(api: Api, project: str) -> None:
    lease = await hold(project)
    waiting = asyncio.create_task(api.generate(project, headers={"Prefer": "wait=30"}))
    done, _ = await asyncio.wait((waiting,), timeout=0.5)
    assert not done
    await release_lease(lease)
    async with asyncio.timeout(10):
        answer = await waiting
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=30"


async def test_waiting_ends_with_409_when_its_time_is_over(api: Api, project: str) -> None:
    await hold(project)
    began = asyncio.get_running_loop().time()
    answer = await api.generate(project, headers={"Prefer": "respond-async, wait=1"})
    problem(answer, 409, "project-busy")
    assert 1 <= asyncio.get_running_loop().time() - began < 3
    assert answer.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=5", "wait=5"),
        ('Wait = "7"', "wait=7"),
        ("handling=lenient, wait=9; x=1", "wait=9"),
        ("wait=301", "wait=300"),
        ("wait=99999999999999999999", "wait=300"),
        ("wait=0", "wait=0"),
        ("wait=-1", None),
        ("wait=1e2", None),
        ("wait=soon", None),
        ("wait", None),
        ("", None),
    ],
)
async def test_only_a_wait_that_can_be_granted_is_applied(
    api: Api, project: str, prefer: str, applied: str | None
) -> None:
    answer = await api.generate(project, headers={"Prefer": prefer})
    assert answer.status_code == 202
    assert answer.headers.get("preference-applied") == applied
