"""Progress as a client polls it."""

from uuid import UUID

import pytest

from shared.jobs.lifecycle import claim_job
from shared.jobs.progress import Progress, update_generation_progress
from tests.api.resources.test_clips import make_clips
from tests.support.database import Clock
from tests.support.library_client import Api


async def test_a_cancelled_job_shows_no_progress_although_there_are_clips(
    api: Api, project: str
) -> None:
    await make_clips(api, project, 1)  # and cancel the job
    progress = (await api.get(f"projects/{project}/progress")).json()
    assert (progress["percentage"], progress["current_step"]) == (0, "")
    assert progress["estimated_remaining"] is None
    assert progress["outcome"] == progress["job"]["status"] == "cancelled"
    assert progress["status"] == "ready_for_triage"


async def test_a_new_project_has_made_no_progress(api: Api, project: str) -> None:
    answer = await api.get(f"projects/{project}/progress")
    assert answer.status_code == 200
    progress = answer.json()
    assert (progress["status"], progress["percentage"], progress["job"]) == ("created", 0, None)
    assert "retry-after" not in answer.headers


async def test_progress_shows_what_the_worker_wrote_last(api: Api, project: str) -> None:
    job = (await api.generate(project)).json()["job"]
    claim = await claim_job(UUID(job["id"]), holder="a worker", ttl_seconds=60)
    assert claim.lease
    written = Progress(percentage=42, current_step="Making clip 2 of 3", estimated_remaining=17)
    await update_generation_progress(claim.lease, written, ttl_seconds=60)

    answer = await api.get(f"projects/{project}/progress")

    progress = answer.json()
    assert progress["percentage"] == 42
    assert progress["current_step"] == "Making clip 2 of 3"
    assert progress["estimated_remaining"] == 17
    assert progress["job"]["status"] == "running"
    assert not progress["stalled"]
    assert int(answer.headers["retry-after"]) == 1


@pytest.mark.parametrize("seconds", [40, 60], ids=["two heartbeats missed", "lease expired"])
async def test_a_job_whose_worker_sends_no_heartbeats_is_stalled(
    api: Api, project: str, clock: Clock, seconds: float
) -> None:
    job = (await api.generate(project)).json()["job"]
    await claim_job(UUID(job["id"]), holder="a worker", ttl_seconds=60)
    clock.advance(seconds - 5)
    assert (await api.get(f"projects/{project}/progress")).json()["stalled"] == (seconds > 45)
    clock.advance(5)
    assert (await api.get(f"projects/{project}/progress")).json()["stalled"]


async def test_a_job_that_waits_for_a_worker_is_queued_and_not_stalled(
    api: Api, project: str, clock: Clock
) -> None:
    await api.generate(project)
    clock.advance(3600)
    progress = (await api.get(f"projects/{project}/progress")).json()
    assert (progress["job"]["status"], progress["stalled"]) == ("queued", False)


async def test_unchanged_progress_is_a_304_without_content(api: Api, project: str) -> None:
    path = f"projects/{project}/progress"
    await api.generate(project)
    first = await api.get(path)
    etag = first.headers["etag"]
    assert etag.startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"

    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        answer = await api.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == first.headers["cache-control"]

    await api.cancel(project)
    changed = await api.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


async def test_a_renewal_alone_does_not_change_the_etag(api: Api, project: str) -> None:
    path = f"projects/{project}/progress"
    job = (await api.generate(project)).json()["job"]
    claim = await claim_job(UUID(job["id"]), holder="a worker", ttl_seconds=60)
    assert claim.lease
    etag = (await api.get(path)).headers["etag"]
    await update_generation_progress(claim.lease, None, ttl_seconds=90)
    answer = await api.get(path, headers={"If-None-Match": etag})
    assert answer.status_code == 304
