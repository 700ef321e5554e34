"""Projects: create, list, read, rename, delete."""

import json
from typing import Any
from uuid import uuid4

import pytest

from shared.jobs.leases import acquire_lease
from tests.support.library_client import Api, Traces, problem
from tests.support.users import User


async def test_a_new_project_belongs_to_its_user(api: Api, user: User) -> None:
    answer = await api.call("POST", "projects", json={"name": "  Summer 🏖 "})
    assert answer.status_code == 201
    project = answer.json()
    assert answer.headers["location"].endswith(f"/api/v1/library/projects/{project['id']}")
    assert (project["name"], project["status"]) == ("Summer 🏖", "created")
    assert project["owner_id"] == user.id
    assert project["created_at"].endswith("Z")
    assert (await api.get(f"projects/{project['id']}")).json() == project


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": "   "}, "body.name"),
        ({"name": "a" * 201}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"name": 5}, "body.name"),
        ({"name": "\ud800"}, "body.name"),
        ({"name": "x", "colour": "red"}, "body.colour"),
        ({"name": "x", "\ud800": 1}, "body"),
        ([], "body"),
    ],
)
async def test_an_invalid_project_is_refused(
    api: Api, traces: Traces, body: Any, location: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.call("POST", "projects", content=json.dumps(body), headers=headers)
    content = problem(answer, 422, "invalid-request")
    assert [part["location"] for part in content["errors"]] == [location]
    assert content["detail"].startswith(f"{location}: ")
    assert traces.count("editai_projects") == 0


async def test_a_body_that_is_no_json_is_malformed(api: Api) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.call("POST", "projects", content=b'{"name": ', headers=headers)
    problem(answer, 400, "malformed-request")


async def test_a_body_of_another_type_is_not_supported(api: Api) -> None:
    problem(await api.call("POST", "projects", data={"name": "x"}), 415, "unsupported-media-type")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_not_read(api: Api, announced: bool) -> None:
    sent = 0

    async def body() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    headers = {"content-type": "application/json"}
    if announced:
        headers["content-length"] = "10000000"
    answer = await api.call("POST", "projects", content=body(), headers=headers)
    problem(answer, 413, "payload-too-large")
    assert answer.headers["connection"] == "close"


async def test_a_user_chooses_neither_id_nor_owner(api: Api) -> None:
    for choice in ({"id": "mine"}, {"owner_id": str(uuid4())}):
        answer = await api.call("POST", "projects", json={"name": "x", **choice})
        problem(answer, 403, "forbidden")


async def test_the_service_creates_projects_for_others(service: Api, api: Api, user: User) -> None:
    body = {"name": "Imported", "id": "import_1", "owner_id": user.id}
    assert (await service.call("POST", "projects", json=body)).status_code == 201
    assert (await api.get("projects/import_1")).json()["name"] == "Imported"
    problem(await service.call("POST", "projects", json=body), 409, "project-exists")


async def test_the_service_must_name_the_owner(service: Api) -> None:
    answer = await service.call("POST", "projects", json={"name": "Whose?"})
    content = problem(answer, 422, "invalid-request")
    assert content["errors"][0]["location"] == "body.owner_id"


async def test_another_users_project_is_not_found(api: Api, stranger: Api, project: str) -> None:
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"name": "Mine now"}}),
        ("DELETE", "", {}),
        ("POST", "/cancel", {}),
        ("GET", "/progress", {}),
        ("GET", "/clips", {}),
        ("GET", "/sources", {}),
        ("POST", "/generate", {"json": {"source_id": str(uuid4())}}),
    ]
    for method, path, options in calls:
        foreign = await stranger.call(method, f"projects/{project}{path}", **options)
        missing = await stranger.call(method, f"projects/{uuid4()}{path}", **options)
        content = problem(foreign, 404, "project-not-found")
        assert content == problem(missing, 404, "project-not-found")
    assert (await api.get(f"projects/{project}")).json()["name"] == "Summer campaign"


@pytest.mark.parametrize("name", ["a%20b", "a.b", "%00", "%2e%2e", "x" * 65, "ö"])
async def test_an_impossible_id_is_not_found(api: Api, name: str) -> None:
    problem(await api.get(f"projects/{name}"), 404, "project-not-found")


async def test_an_id_with_a_line_feed_at_its_end_is_not_found(api: Api) -> None:
    problem(await api.get("projects/a%0a"), 404, "not-found")


async def test_a_project_is_renamed(api: Api, project: str) -> None:
    before = (await api.get(f"projects/{project}")).json()
    answer = await api.call("PATCH", f"projects/{project}", json={"name": "Autumn"})
    assert answer.status_code == 200
    assert answer.json()["name"] == "Autumn"
    assert answer.json()["updated_at"] > before["updated_at"]


async def test_a_deleted_project_is_gone(api: Api, project: str, traces: Traces) -> None:
    await api.generate(project)
    await api.cancel(project)
    answer = await api.call("DELETE", f"projects/{project}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(await api.get(f"projects/{project}"), 404, "project-not-found")
    assert traces.count("editai_sources") == 0
    assert traces.count("editai_storage_garbage") > 0


async def test_a_busy_project_is_not_deleted(api: Api, project: str) -> None:
    job = (await api.generate(project)).json()["job"]
    answer = await api.call("DELETE", f"projects/{project}")
    content = problem(answer, 409, "project-busy")
    assert content["job"] == {"id": job["id"], "kind": "raw_clips"}
    assert int(answer.headers["retry-after"]) > 0
    await api.cancel(project)
    assert (await api.call("DELETE", f"projects/{project}")).status_code == 204


async def test_a_project_held_without_a_job_is_not_deleted(api: Api, project: str) -> None:
    await acquire_lease(project, holder="nightly export", ttl_seconds=60)
    content = problem(await api.call("DELETE", f"projects/{project}"), 409, "project-busy")
    assert content["job"] is None
    assert content["lease_expires_at"].endswith("Z")


async def test_cancelling_frees_the_project(api: Api, project: str, traces: Traces) -> None:
    job = (await api.generate(project)).json()["job"]
    answer = await api.cancel(project)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "cancelled"
    assert answer.json()["job"]["id"] == job["id"]
    assert answer.json()["job"]["status"] == "cancelled"
    assert traces.count("editai_locks") == traces.count("editai_generation_progress") == 0
    assert (await api.generate(project)).status_code == 202


async def test_cancelling_an_idle_project_is_no_error(api: Api, project: str) -> None:
    answer = await api.cancel(project)
    assert (answer.status_code, answer.json()) == (200, {"outcome": "idle", "job": None})
