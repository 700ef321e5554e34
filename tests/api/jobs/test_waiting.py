"""Requests that wait for a busy project: a few per caller, and none whose client has disconnected."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.job_start.wait_slot import MAX_WAITING_FOR_SERVICE, MAX_WAITING_PER_USER
from local.parts.functions import LIBRARY_BASE_PATH
from shared.jobs.leases import release_lease
from tests.api.jobs.test_busy_projects import hold
from tests.support.connections import connect, head
from tests.support.functions import FunctionProcess
from tests.support.library_client import SAMPLE, Api, Traces, problem
from tests.support.log import Log
from tests.support.waiting import eventually

JSON = "application/json"
FORM = "multipart/form-data; boundary=b"
DISPOSITION = b'Content-Disposition: form-data; name="video"; filename="a.mp4"'


async def ready_source(api: Api, project: str) -> str:
    """The id of a source that jobs may use."""
    announced = await api.call("POST", f"projects/{project}/sources", json={"file_name": "a.mp4"})
    await api.http.put(announced.json()["upload_url"], content=SAMPLE.read_bytes())
    source_id = announced.json()["source"]["id"]
    assert (await api.call("POST", f"sources/{source_id}/confirm")).status_code == 200
    return source_id


def starts(log: Log, project: str) -> list[str]:
    """What the log says of the requests for jobs of a project that have ended."""
    told = [line["message"] for line in log.lines(project_id=project)]
    return [message for message in told if "/generate" in message]


@pytest.mark.parametrize("route", ["stored source", "segments", "upload", "expecting"])
async def test_nothing_starts_for_a_client_that_has_left(
    running: Api, library: FunctionProcess, traces: Traces, small_video: Path, route: str
) -> None:
    video = await asyncio.to_thread(small_video.read_bytes)
    project = await running.new_project()
    source_id = await ready_source(running, project)
    segments = [{"source_id": source_id, "start": 0, "end": 1}]
    upload = b"--b\r\n" + DISPOSITION + b"\r\n\r\n" + video + b"\r\n--b--\r\n"
    path, kind, body = {
        "stored source": ("generate", JSON, json.dumps({"source_id": source_id}).encode()),
        "segments": (
            "generate-from-segments",
            JSON,
            json.dumps({"segments": segments, "target_duration": 1}).encode(),
        ),
        "upload": ("generate", FORM, upload),
        "expecting": ("generate", FORM, b""),
    }[route]
    length = {"Content-Length": str(len(body or upload)), "Content-Type": kind}
    expect = {} if body else {"Expect": "100-continue"}
    headers = {**running.headers, **length, **expect, "Prefer": "wait=30"}
    lease, log = await hold(project), library.watch_log()
    async with connect(library.url) as connection:
        target = f"{LIBRARY_BASE_PATH}/projects/{project}/{path}"
        await connection.send(head("POST", target, headers) + body)
        assert not await connection.closed(within=0.5), "it does not wait"
    await release_lease(lease)

    (ended,) = await eventually(lambda: starts(log, project))

    assert ended.endswith(": 499")
    assert traces.count("editai_jobs") == traces.count("editai_locks") == 0
    assert len(traces.files()) == traces.count("editai_sources") == 1


@asynccontextmanager
async def waiting(
    api: Api, project: str, count: int, seconds: int = 60
) -> AsyncGenerator[set[asyncio.Task[httpx.Response]]]:
    """So many requests for jobs of a project, each willing to wait; the block's end ends them."""

    async def start() -> httpx.Response:
        headers = {"Prefer": f"wait={seconds}"}
        body = {"source_id": str(uuid4())}
        path = f"projects/{project}/generate"
        return await api.call("POST", path, json=body, headers=headers)

    tasks = {asyncio.create_task(start()) for _ in range(count)}
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("caller", ["api", "service"])
async def test_a_request_over_the_limit_of_waiting_ones_gets_409_at_once(
    request: pytest.FixtureRequest, project: str, stranger: Api, caller: str
) -> None:
    asking: Api = request.getfixturevalue(caller)
    most = MAX_WAITING_FOR_SERVICE if caller == "service" else MAX_WAITING_PER_USER
    theirs = await stranger.new_project()
    await hold(project)
    await hold(theirs)
    async with waiting(asking, project, most + 1) as tasks:
        done, _ = await asyncio.wait(tasks, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        (one_more,) = done
        refusal = one_more.result()
        problem(refusal, 409, "project-busy")
        assert "preference-applied" not in refusal.headers
        assert int(refusal.headers["retry-after"]) > 0
        async with waiting(stranger, theirs, 1, seconds=1) as (other,):
            assert (await other).headers["preference-applied"] == "wait=1"
        assert sum(task.done() for task in tasks) == 1
    async with waiting(asking, project, 1, seconds=1) as (later,):
        assert (await later).headers["preference-applied"] == "wait=1"
