"""start-job passes the library's own responses on: 202, 409 and all others."""

from typing import Any

import httpx
import pytest

from tests.api.edge.conftest import Frontend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.library_client import problem
from tests.support.users import User, Users
from tests.support.waiting import eventually


async def test_jobs_go_from_the_edge_to_a_clip_and_its_export(
    frontend: Frontend, worker: FunctionProcess
) -> None:
    assert worker.pid
    accepted = await frontend.start()
    assert accepted.status_code == 202, accepted.text
    progress = await _ended(frontend, accepted)
    assert (progress["job"]["status"], progress["percentage"]) == ("completed", 100)
    [clip] = await _items(frontend, accepted, "clips")

    body = {"kind": "final_render", "clip_id": clip["id"], "preset": "instagram_square"}
    accepted = await frontend.start(body)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["job"]["kind"] == "final_render"
    progress = await _ended(frontend, accepted)
    assert progress["job"]["status"] == "completed", progress


async def _ended(frontend: Frontend, accepted: httpx.Response) -> dict[str, Any]:
    """The progress at the Location of a 202, when its job has ended."""

    async def look() -> dict[str, Any] | None:
        progress = (await frontend.http.get(accepted.headers["location"])).json()
        assert progress["job"]["id"] == accepted.json()["job"]["id"]
        return progress if progress["job"]["status"] not in ("queued", "running") else None

    progress = await eventually(look, 120, interval=0.1)
    assert progress is not None
    return progress


async def _items(frontend: Frontend, accepted: httpx.Response, name: str) -> list[dict[str, Any]]:
    project = accepted.headers["location"].removesuffix("/progress")
    return (await frontend.http.get(f"{project}/{name}")).json()["items"]


async def test_a_start_returns_the_librarys_own_response(frontend: Frontend) -> None:
    answer = await frontend.start()
    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == answer.json()["progress_url"]
    job = answer.json()["job"]
    assert (job["kind"], job["project_id"], job["status"]) == ("raw_clips", "reel", "queued")
    assert job["params"]["source_id"] == str(frontend.source_id)


async def test_a_busy_project_is_a_409_that_names_its_holder(frontend: Frontend) -> None:
    holder = (await frontend.start()).json()["job"]
    answer = await frontend.start()
    content = problem(answer, 409, "project-busy")
    assert int(answer.headers["retry-after"]) > 0
    assert content["job"] == {"id": holder["id"], "kind": "raw_clips"}
    assert content["lease_expires_at"]
    assert content["detail"] == "Project is currently being processed. Try again later."


async def test_a_user_with_too_many_jobs_gets_429_with_retry_after(
    frontend: Frontend, library: FunctionProcess, admin: Connection, user: User
) -> None:
    library.start(MAX_ACTIVE_JOBS_PER_USER="1")
    try:
        await frontend.start()
        admin.execute("select editai_create_project(%s, 'Other', 'other')", [user.id])
        answer = await frontend.start(frontend.raw_clips(project_id="other"), Prefer="wait=1")
    finally:
        library.stop()
    content = problem(answer, 429, "too-many-jobs")
    assert content["max_active_jobs"] == 1
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["preference-applied"] == "wait=1"


async def test_start_job_can_start_clips_from_segments(frontend: Frontend) -> None:
    segment = {"source_id": str(frontend.source_id), "start": 1, "end": 3}
    body = {"kind": "segment_clips", "project_id": "reel", "target_duration": 2}
    answer = await frontend.start({**body, "segments": [segment]})
    assert answer.status_code == 202, answer.text
    job = answer.json()["job"]
    assert job["kind"] == "segment_clips"
    assert [part["start"] for part in job["params"]["segments"]] == [1]


async def test_one_idempotency_key_starts_one_job(frontend: Frontend) -> None:
    first = await frontend.start(Idempotency_Key="one")
    again = await frontend.start(Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    other = await frontend.start(frontend.raw_clips(seed=5), Idempotency_Key="one")
    problem(other, 422, "idempotency-key-reused")


async def test_a_wait_is_passed_on_and_the_applied_preference_is_returned(
    frontend: Frontend,
) -> None:
    await frontend.start()
    answer = await frontend.start(Prefer="wait=1")
    problem(answer, 409, "project-busy")
    assert answer.headers["preference-applied"] == "wait=1"


async def test_a_wait_is_cut_to_what_an_edge_function_may_run(
    frontend: Frontend,
) -> None:
    answer = await frontend.start(Prefer="wait=300")
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=120"


async def test_a_page_of_another_origin_may_call_it(http: httpx.AsyncClient) -> None:
    asked = {
        "Origin": "https://studio.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,prefer,idempotency-key",
    }
    answer = await http.options("start-job", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST"
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"authorization", "content-type", "prefer", "idempotency-key", "apikey"} <= {*allowed}
    # What a page that traces its own calls adds to each of them.
    assert {"traceparent", "tracestate", "baggage"} <= {*allowed}
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("body", [None, {"kind": "unknown"}])
async def test_a_page_may_read_every_response(
    frontend: Frontend, body: dict[str, Any] | None
) -> None:
    for _ in range(2):
        answer = await frontend.start(body, Origin="https://studio.example")
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"Location", "Retry-After", "Preference-Applied"} <= {*exposed}


async def test_another_user_learns_nothing_of_a_project(frontend: Frontend, users: Users) -> None:
    answer = await frontend.start(**users.new().headers)
    problem(answer, 404, "project-not-found")
