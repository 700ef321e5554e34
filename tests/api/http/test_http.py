"""What holds for every path: problem details, methods, caching, CORS, and no leaks."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, cast

import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from local.processes.process import Process
from shared.errors import PROBLEM_MEDIA_TYPE
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.library_client import Api, problem
from tests.support.waiting import eventually

SLACK_SECONDS = 1.0
"""How much later a client may get a response on a busy machine."""


@pytest.mark.parametrize(
    "path",
    [
        *("//", "/nope", "/api/v1/library", "/api/v1/library/nope", "/api/v1/library/projects/"),
        *(
            "/api/v1/library/projects%0a",
            "/api/v1/library/healthz%0A",
            "/api/v1/library/openapi.json%0a",
        ),
    ],
)
async def test_an_unknown_path_is_a_404_problem(api: Api, path: str) -> None:
    problem(await api.get(f"http://library{path}"), 404, "not-found")


async def test_a_method_that_is_not_allowed_gets_the_allowed_ones(api: Api, project: str) -> None:
    answer = await api.call("PUT", f"projects/{project}")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


async def test_options_lists_the_allowed_methods(api: Api) -> None:
    answer = await api.http.options("projects")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")


async def test_head_is_get_without_content(api: Api, project: str) -> None:
    head = await api.call("HEAD", f"projects/{project}")
    get = await api.get(f"projects/{project}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    missing = await api.call("HEAD", "projects/nope")
    assert (missing.status_code, missing.content) == (404, b"")


async def test_responses_are_not_stored_by_caches(api: Api, project: str) -> None:
    for path in (f"projects/{project}", "nope"):
        assert (await api.get(path)).headers["cache-control"] == "no-store"


async def test_an_unexpected_error_reveals_nothing(
    api: Api, admin: Connection, project: str, caplog: pytest.LogCaptureFixture
) -> None:
    # A rule that the code does not know, as a bad migration would add it.
    admin.execute(
        "alter table editai_projects add constraint editai_secret check (name <> 'secret name')"
    )
    try:
        answer = await api.call("PATCH", f"projects/{project}", json={"name": "secret name"})
    finally:
        admin.execute("alter table editai_projects drop constraint editai_secret")
    content = problem(answer, 503, "database-unavailable")
    assert "secret" not in json.dumps(content)
    assert content.keys() == {"type", "title", "status", "detail"}
    assert "the database refused update_project with 23514" in caplog.text


async def test_a_page_of_an_allowed_origin_may_call(api: Api, backend: Backend) -> None:
    origin = backend.project.library_url.removesuffix(LIBRARY_BASE_PATH)
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
    }
    preflight = await api.http.options("projects/x", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    refused = await api.http.get("projects", headers={"Origin": origin})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == origin
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


async def test_a_page_of_another_origin_may_not(api: Api) -> None:
    asked = {"Origin": "https://other.test", "Access-Control-Request-Method": "GET"}
    preflight = await api.http.options("projects", headers=asked)
    assert preflight.status_code == 400
    assert preflight.headers["content-type"] == PROBLEM_MEDIA_TYPE
    assert "access-control-allow-origin" not in preflight.headers
    plain = await api.get("projects", headers={"Origin": "https://other.test"})
    assert "access-control-allow-origin" not in plain.headers


@pytest.mark.parametrize("part", ["postgrest", "gateway"])
async def test_a_database_that_is_away_is_a_503_with_retry_after(
    api: Api, project: str, backend: Backend, part: str
) -> None:
    (index,) = [i for i, process in enumerate(backend.processes) if process.part.name == part]
    backend.processes[index].stop()
    try:
        for path in ("projects", f"projects/{project}/progress", "export-presets"):
            answer = await api.get(path)
            problem(answer, 503, "database-unavailable")
            assert int(answer.headers["retry-after"]) > 0
        problem(await api.generate(project), 503, "database-unavailable")
        assert not any(path.is_file() for path in backend.storage.rglob("*"))
    finally:
        backend.processes[index] = Process(backend.processes[index].part)
        backend.processes[index].wait_ready()

    async def is_back() -> bool:
        return (await api.get(f"projects/{project}")).status_code == 200

    await eventually(is_back)


async def test_a_database_that_hangs_is_a_503_within_three_seconds(
    api: Api, project: str, backend: Backend
) -> None:
    gateway = next(process for process in backend.processes if process.part.name == "gateway")
    os.killpg(gateway.pid, signal.SIGSTOP)
    try:
        # A thread that was at work when the signal came may still answer.
        await eventually(lambda: set(thread_states(gateway.pid)) == {"T"})
        began = time.monotonic()
        problem(await api.get(f"projects/{project}"), 503, "database-unavailable")
        assert time.monotonic() - began < 3 + SLACK_SECONDS
    finally:
        os.killpg(gateway.pid, signal.SIGCONT)
    assert (await api.get(f"projects/{project}")).status_code == 200


def thread_states(pid: int) -> list[str]:
    """The kernel's letter for what each thread of a process does (proc(5))."""
    stats = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [stat.rpartition(")")[2].split()[0] for stat in stats]


async def test_every_route_is_documented_with_its_problems(api: Api) -> None:
    document = (await api.http.get("openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and status != "416":
                    assert PROBLEM_MEDIA_TYPE in response["content"], (path, status)
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {found for part in cast("list[Any]", value) for found in references(part)}
    if not isinstance(value, dict):
        return set()
    members = cast("dict[str, Any]", value)
    found = {found for part in members.values() for found in references(part)}
    return found | ({members["$ref"]} if "$ref" in members else set())
