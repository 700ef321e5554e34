"""The logs of the functions, read from their processes."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from editai_client import LibraryClient
from shared.dispatch.dispatch import dispatch
from shared.jobs.leases import acquire_lease
from shared.jobs.lifecycle import JobRequest, claim_job, start_job
from shared.jobs.records import Lease
from shared.settings import get_settings
from tests.support.backend import Backend
from tests.support.database import Clock, Connection
from tests.support.functions import FunctionProcess
from tests.support.log import Log
from tests.support.users import User
from tests.support.waiting import eventually

TRACE = uuid4().hex
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

Logs = Mapping[str, Log]


@pytest.fixture
async def client(
    library: FunctionProcess, worker: FunctionProcess, user: User
) -> AsyncIterator[LibraryClient]:
    del worker
    async with LibraryClient(library.url, user.token) as client:
        yield client


@pytest.fixture
def logs(library: FunctionProcess, worker: FunctionProcess, lease_cleanup: FunctionProcess) -> Logs:
    """The log of each function during the test."""
    return {function.name: function.watch_log() for function in (library, worker, lease_cleanup)}


async def send(method: str, url: str, headers: dict[str, str], **content: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.request(method, url, headers=headers, **content)


async def test_a_request_is_one_line_under_its_route_and_trace(
    library: FunctionProcess, user: User, logs: Logs
) -> None:
    headers = {**user.headers, "traceparent": TRACEPARENT}
    await send("GET", f"{library.url}/projects/reel-9/progress?seen=1", headers)

    (line,) = await eventually(lambda: logs["library"].lines(project_id="reel-9"))

    assert line["message"] == "GET /projects/{project_id}/progress: 422"
    assert line["severity"] == "INFO"
    assert line["project_id"] == "reel-9"
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert line["httpRequest"]["status"] == 422  # the query has an unknown parameter
    assert line["httpRequest"]["latency"] == f"{line['duration_seconds']}s"


async def test_an_invalid_id_is_not_logged(
    library: FunctionProcess, user: User, logs: Logs
) -> None:
    await send("GET", f"{library.url}/projects/..%20my%20film/progress", user.headers)

    message = "GET /projects/{project_id}/progress: 404"
    (line,) = await eventually(lambda: logs["library"].lines(message=message))

    assert "my film" not in json.dumps(line)


async def test_a_job_can_be_followed_from_its_request_to_its_end(
    client: LibraryClient, user: User, small_video: Path, logs: Logs, fresh_state: Backend
) -> None:
    library, worker = (fresh_state.functions[name] for name in ("library", "worker"))
    project = await client.create_project("Reel")
    headers = {**user.headers, "traceparent": TRACEPARENT}
    with small_video.open("rb") as video:
        response = await send(
            "POST",
            f"{library.url}/projects/{project.id}/generate",
            headers,
            files={"video": ("my holiday film.mp4", video, "video/mp4")},
            data={"variant_count": "1", "target_duration": "2"},
        )
    assert response.status_code == 202, response.text
    async for _ in client.follow(project.id):
        pass

    (end,) = await eventually(lambda: logs["worker"].lines(outcome="completed"))

    of_the_job = logs["worker"].lines(job_id=end["job_id"])
    assert end["duration_seconds"] > 0
    assert (end["project_id"], end["attempt"]) == (project.id, 1)
    assert end["fencing_token"] > 0
    assert len([line for line in of_the_job if line["message"].startswith("step: ")]) == 2
    assert "POST worker: 202" in {line["message"] for line in of_the_job}
    (last,) = (line for line in of_the_job if line["message"].startswith("the last step ended"))
    assert 0 < last["duration_seconds"] < end["duration_seconds"]
    assert {line["logging.googleapis.com/trace"] for line in of_the_job} == {TRACE}
    for function in (library, worker):
        for secret in ("holiday", user.token, "signature=", function.project.internal_secret):
            assert secret not in logs[function.name].text()


async def test_the_reason_of_a_failed_job_is_logged(
    fresh_state: Backend, admin: Connection, worker: FunctionProcess, logs: Logs
) -> None:
    source_id = uuid4()
    admin.execute("select editai_create_project(%s, 'Reel', 'reel')", [uuid4()])
    admin.execute(
        """
        insert into editai_sources (
          id, project_id, status, file_name, storage_path, content_type, size_bytes,
          duration_seconds, width, height, frame_rate, has_audio)
        values (%s, 'reel', 'ready', 'film.mp4', 'reel/sources/film.mp4', 'video/mp4', 9, 12, 320, 180, 24, true)
        """,
        [source_id],
    )
    stored = fresh_state.storage / "reel" / "sources" / "film.mp4"
    stored.parent.mkdir(parents=True)
    stored.write_text("no video\n")
    params = {"source_id": str(source_id), "variant_count": 1, "target_duration": 2.0, "seed": 1}
    request = JobRequest(project_id="reel", owner_id=None, kind="raw_clips", params=params)
    start = await start_job(request, get_settings())
    assert start.job is not None

    await dispatch(start.job.id, get_settings())

    log, job_id = logs["worker"], str(start.job.id)
    (failure,) = await eventually(lambda: log.lines(job_id=job_id, code="not_a_video"), 20)
    assert failure["severity"] == "WARNING"
    assert failure["message"].startswith("the job failed: This is a text, not a video.")
    assert (failure["project_id"], failure["attempt"]) == ("reel", 1)


async def queued_job(project_id: str, admin: Connection) -> UUID:
    """Start a job of a new project without dispatching it."""
    admin.execute("select editai_create_project(%s, 'Reel', %s)", [uuid4(), project_id])
    request = JobRequest(project_id=project_id, owner_id=None, kind="raw_clips", params={})
    start = await start_job(request, get_settings())
    assert start.job is not None
    return start.job.id


async def test_cleanup_logs_each_reclaimed_lease_with_its_job(
    fresh_state: Backend, admin: Connection, logs: Logs, clock: Clock
) -> None:
    cleanup, worker = (fresh_state.functions[name] for name in ("lease_cleanup", "worker"))
    worker.stop()
    requeued = await queued_job("waits", admin)
    failed = await queued_job("gone", admin)
    claim = await claim_job(failed, holder="worker", ttl_seconds=60)
    admin.execute("update editai_jobs set max_attempts = 1 where id = %s", [failed])
    lease = await acquire_lease("nightly-export", holder="night", ttl_seconds=60)
    assert claim.lease is not None
    assert isinstance(lease, Lease)
    clock.advance(61)

    secret = fresh_state.project.internal_secret
    response = await send("POST", cleanup.url, {"Authorization": f"Bearer {secret}"})

    assert response.status_code == 200, cleanup.log
    lines = logs["lease_cleanup"].lines()
    by_action = {line["action"]: line for line in lines if "action" in line}
    assert by_action["requeued"]["job_id"] == str(requeued)
    assert by_action["requeued"]["fencing_token"] > lease.fencing_token
    assert by_action["failed"]["message"] == "the job failed: attempts_exhausted"
    assert by_action["failed"]["severity"] == "WARNING"
    assert by_action["failed"]["code"] == "attempts_exhausted"
    assert by_action["failed"]["job_id"] == str(failed)
    assert by_action["failed"]["fencing_token"] == claim.lease.fencing_token
    assert by_action["released"]["project_id"] == "nightly-export"
    (not_dispatched,) = (line for line in lines if "was not dispatched" in line["message"])
    assert (not_dispatched["project_id"], not_dispatched["job_id"]) == ("waits", str(requeued))


async def test_a_job_that_could_not_be_dispatched_is_logged_with_its_id(
    fresh_state: Backend, client: LibraryClient, small_video: Path, logs: Logs
) -> None:
    worker = fresh_state.functions["worker"]
    project = await client.create_project("Reel")
    worker.stop()

    started = await client.generate(project.id, small_video, variant_count=1, target_duration=2)

    lines = logs["library"].lines(project_id=project.id)
    (line,) = (line for line in lines if "was not dispatched" in line["message"])
    assert line["job_id"] == str(started.job.id)


async def test_a_superseded_job_is_logged(
    fresh_state: Backend, client: LibraryClient, small_video: Path, logs: Logs, clock: Clock
) -> None:
    worker = fresh_state.functions["worker"]
    project = await client.create_project("Reel")
    worker.stop()
    first = await client.generate(project.id, small_video, variant_count=1, target_duration=2)
    clock.advance(get_settings().job_deadline_seconds)

    await client.generate(project.id, small_video, variant_count=1, target_duration=2)

    (line,) = logs["library"].lines(code="superseded")
    assert (line["project_id"], line["job_id"]) == (project.id, str(first.job.id))
    assert (line["message"], line["severity"]) == ("the job failed: superseded", "WARNING")
