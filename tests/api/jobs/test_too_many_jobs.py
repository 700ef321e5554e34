"""A user with the maximum of active jobs: 429 at once, after a wait, and before the body is read."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from editai_client import LibraryClient, LibraryError
from shared.settings import Settings
from tests.api.resources.test_clips import make_clips
from tests.support.functions import FunctionProcess
from tests.support.library_client import SAMPLE, Api, Traces, problem
from tests.support.users import User

LIMIT: int = Settings.model_fields["max_active_jobs_per_user"].default


@pytest.fixture
async def full(api: Api) -> list[str]:
    """The user's projects, each with a job; together the maximum of active jobs."""
    projects = [await api.new_project() for _ in range(LIMIT)]
    for project in projects:
        assert (await api.generate(project)).status_code == 202
    return projects


def refused(answer: httpx.Response) -> dict[str, Any]:
    content = problem(answer, 429, "too-many-jobs")
    assert content["max_active_jobs"] == LIMIT
    assert content["detail"].startswith(f"You already have {LIMIT} active jobs")
    assert int(answer.headers["retry-after"]) > 0
    return content


async def test_of_many_starts_at_once_only_the_limit_starts(api: Api, traces: Traces) -> None:
    projects = [await api.new_project() for _ in range(LIMIT + 7)]
    answers = await asyncio.gather(*(api.generate(project) for project in projects))
    limited = [answer for answer in answers if answer.status_code != 202]
    assert len(limited) == 7
    for answer in limited:
        refused(answer)
    assert len(traces.files()) == traces.count("editai_sources") == LIMIT
    assert traces.count("editai_jobs") == traces.count("editai_locks") == LIMIT


async def test_every_start_of_a_job_is_limited(api: Api, project: str, traces: Traces) -> None:
    (clip,) = await make_clips(api, project, 1)
    (segment,) = clip.model_dump(mode="json")["segments"]
    for _ in range(LIMIT):
        await api.generate(await api.new_project())
    source, segments = {"source_id": segment["source_id"]}, {"segments": [segment]}
    for path, body in (
        (f"projects/{project}/generate", source),
        (f"projects/{project}/generate-from-segments", segments | {"target_duration": 3}),
        (f"clips/{clip.id}/render", {"preset": "tiktok"}),
    ):
        refused(await api.call("POST", path, json=body))
    assert traces.count("editai_jobs") == LIMIT + 1


@pytest.mark.usefixtures("full")
async def test_too_many_jobs_is_refused_before_the_body_is_read(
    api: Api, project: str, traces: Traces
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x"

    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "400000"}
    answer = await api.call("POST", f"projects/{project}/generate", content=body(), headers=headers)
    refused(answer)
    # What came after the answer was thrown away, at most a moment's worth.
    assert read <= 1
    assert len(traces.files()) == LIMIT


async def test_a_busy_project_is_a_conflict_even_with_too_many_jobs(
    api: Api, full: list[str]
) -> None:
    problem(await api.generate(full[0]), 409, "project-busy")


async def test_a_repeated_request_is_replayed_even_with_too_many_jobs(
    api: Api, project: str
) -> None:
    key = {"Idempotency-Key": "one"}
    first = await api.generate(project, headers=key)
    for _ in range(LIMIT - 1):
        await api.generate(await api.new_project())
    again = await api.generate(project, headers=key)
    assert (again.status_code, again.content) == (202, first.content)


@pytest.mark.usefixtures("full")
async def test_too_many_jobs_of_one_user_do_not_limit_others(
    api: Api, stranger: Api, service: Api
) -> None:
    assert (await stranger.generate(await stranger.new_project())).status_code == 202
    assert (await service.generate(await api.new_project())).status_code == 202


async def test_waiting_ends_when_one_of_the_jobs_has_ended(
    api: Api, project: str, full: list[str]
) -> None:
    waiting = asyncio.create_task(api.generate(project, headers={"Prefer": "wait=30"}))
    done, _ = await asyncio.wait((waiting,), timeout=0.5)
    assert not done
    await api.cancel(full[0])
    async with asyncio.timeout(10):
        answer = await waiting
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=30"


@pytest.mark.usefixtures("full")
async def test_waiting_ends_with_429_when_its_time_is_over(api: Api, project: str) -> None:
    began = asyncio.get_running_loop().time()
    answer = await api.generate(project, headers={"Prefer": "wait=1"})
    refused(answer)
    assert 1 <= asyncio.get_running_loop().time() - began < 4
    assert answer.headers["preference-applied"] == "wait=1"
    assert '"active-jobs";r=0' in answer.headers["ratelimit"]


@pytest.mark.usefixtures("http")  # so that no worker takes the jobs away
async def test_the_python_client_reports_retry_after_and_may_wait(
    library: FunctionProcess, user: User
) -> None:
    library.start(MAX_ACTIVE_JOBS_PER_USER="1")
    try:
        async with LibraryClient(library.url, user.token) as client:
            one, other = [await client.create_project(name) for name in ("one", "other")]
            await client.generate(one.id, SAMPLE)
            with pytest.raises(LibraryError, match="You already have 1 active job") as caught:
                await client.generate(other.id, SAMPLE)
            assert (caught.value.status, caught.value.problem["max_active_jobs"]) == (429, 1)
            assert caught.value.retry_after == 5
            waiting = asyncio.create_task(client.generate(other.id, SAMPLE, wait_seconds=30))
            await client.cancel(one.id)
            assert (await waiting).job.project_id == other.id
    finally:
        library.stop()


async def test_a_start_tells_what_its_caller_may_still_start(api: Api, service: Api) -> None:
    first, second = [await api.generate(await api.new_project()) for _ in range(2)]
    starts: int = Settings.model_fields["max_starts_per_minute"].default
    policy = f'"starts-per-minute";q={starts};w=60, "active-jobs";q={LIMIT}'
    assert first.headers["ratelimit-policy"] == second.headers["ratelimit-policy"] == policy
    pattern = re.compile(r'"starts-per-minute";r=(\d+);t=(\d+)')
    told = [pattern.fullmatch(answer.headers["ratelimit"]) for answer in (first, second)]
    remaining = [int(found[1]) for found in told if found]
    assert remaining == [starts - 1, starts - 2]
    owner_id = (await api.get("projects")).json()["items"][0]["owner_id"]
    unlimited = await service.generate(await service.new_project(owner_id=owner_id))
    assert unlimited.status_code == 202
    assert not {"ratelimit", "ratelimit-policy"} & unlimited.headers.keys()
