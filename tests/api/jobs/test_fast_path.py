"""The fast path responds exactly as the route that it replaces.

The same request goes both ways: a shortcut leaves every request with an Idempotency-Key to the route, which for these
requests makes no other difference.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.routing import Match

from api.app import BASE_PATH
from api.routes.fast_path import fast_path_routes
from shared.jobs.leases import acquire_lease
from tests.support.library_client import Api

THE_LONG_WAY = {"Idempotency-Key": "to-the-route"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def held(project: str) -> str:
    """A project that someone holds."""
    await acquire_lease(project, holder="nightly export", ttl_seconds=600)
    return project


async def same_both_ways(api: Api, method: str, path: str, **options: Any) -> httpx.Response:
    headers: Mapping[str, str] = options.pop("headers", {})
    short = await api.call(method, path, headers=headers, **options)
    long = await api.call(method, path, headers={**headers, **THE_LONG_WAY}, **options)
    assert short.status_code == long.status_code
    assert short.headers.raw == long.headers.raw
    assert short.content == long.content
    return short


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://other.test"}])
async def test_progress_is_the_same_both_ways(
    api: Api, held: str, method: str, headers: dict[str, str]
) -> None:
    answer = await same_both_ways(api, method, f"projects/{held}/progress", headers=headers)
    assert answer.status_code == 200


async def test_unchanged_progress_is_a_304_both_ways(api: Api, held: str) -> None:
    path = f"projects/{held}/progress"
    etag = (await api.get(path)).headers["etag"]
    known = await same_both_ways(api, "GET", path, headers={"If-None-Match": etag})
    assert known.status_code == 304


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "wait=0"}, {"Prefer": "wait=1, x=2"}])
async def test_a_busy_project_is_refused_alike_both_ways(
    api: Api, held: str, prefer: dict[str, str]
) -> None:
    path = f"projects/{held}/generate"
    answer = await same_both_ways(api, "POST", path, headers=FORM | prefer, content=b"--b--")
    assert answer.status_code == 409
    assert ("preference-applied" in answer.headers) == bool(prefer)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({}, b"", 415),
        (FORM, b"--b--", 422),
        (FORM | {"Content-Length": "600000000"}, b"", 413),
        (JSON, b"{", 400),
        (JSON, b'{"source_id": "no id"}', 422),
        (JSON, b'{"source_id": "5f9c5f53-9a8a-4b8b-8b1e-0a4c7d0f9a11"}', 404),
        (JSON, b" " * 1_000_001, 413),
    ],
)
async def test_invalid_starts_are_refused_alike_both_ways(
    api: Api, project: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    path = f"projects/{project}/generate"
    answer = await same_both_ways(api, "POST", path, headers=headers, content=content)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "name"),
    [("GET", "progress"), ("POST", "generate"), ("POST", "progress"), ("GET", "generate")],
)
@pytest.mark.parametrize("project_id", ["nope", "x" * 65, "%20", "å", "a%0Ab"])
async def test_unknown_paths_and_methods_are_refused_alike_both_ways(
    api: Api, method: str, name: str, project_id: str
) -> None:
    answer = await same_both_ways(api, method, f"projects/{project_id}/{name}", headers=FORM)
    # Whether there is such a project is said only of a path that has this method.
    assert answer.status_code in (404, 405)


@pytest.mark.parametrize("authorization", ["", "Bearer made-up", "Basic dXNlcjpwdw=="])
@pytest.mark.parametrize(("method", "name"), [("GET", "progress"), ("POST", "generate")])
async def test_invalid_tokens_are_refused_alike_both_ways(
    api: Api, held: str, method: str, name: str, authorization: str
) -> None:
    path = f"projects/{held}/{name}"
    headers = FORM | {"Authorization": authorization}
    answer = await same_both_ways(api, method, path, headers=headers)
    assert answer.status_code == 401


async def test_another_users_project_is_not_found_both_ways(stranger: Api, held: str) -> None:
    for method, name in (("GET", "progress"), ("POST", "generate")):
        answer = await same_both_ways(stranger, method, f"projects/{held}/{name}", headers=FORM)
        assert answer.status_code == 404


async def test_an_invalid_idempotency_key_is_still_refused(api: Api, held: str) -> None:
    headers = FORM | {"Idempotency-Key": "not one word"}
    answer = await api.call("POST", f"projects/{held}/generate", headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "headers", "taken"),
    [
        ("GET", f"{BASE_PATH}/projects/reel/progress", {}, True),
        ("GET", f"{BASE_PATH}/projects/reel/progress", {"if-none-match": "*"}, True),
        ("POST", f"{BASE_PATH}/projects/reel/generate", {"prefer": "wait=1"}, True),
        ("POST", f"{BASE_PATH}/projects/reel/generate", {"idempotency-key": "a"}, False),
        ("POST", f"{BASE_PATH}/projects/reel/generate/", {}, False),
        ("POST", f"{BASE_PATH}/projects/reel/cancel", {}, False),
        ("GET", f"{BASE_PATH}/projects/reel/progress?limit=5", {}, False),
        ("GET", f"{BASE_PATH}/projects/re el/progress", {}, False),
        ("GET", "/projects/reel/progress", {}, False),
    ],
)
def test_the_fast_path_takes_exactly_these_requests(
    method: str, path: str, headers: dict[str, str], taken: bool
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": raw,
    }
    matches = [route.matches(scope) for route in fast_path_routes(BASE_PATH)]
    found = [child for match, child in matches if match is not Match.NONE]
    assert [child["path_params"] for child in found] == ([{"project_id": "reel"}] if taken else [])
