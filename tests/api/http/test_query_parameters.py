"""A query parameter that a call does not have is refused, and the problem names those that it has."""

from typing import Any

import pytest
from fastapi import FastAPI

from api.app import create_app
from tests.api.openapi.reading import Operation, operations
from tests.support.library_client import Api, Traces, problem

EXAMPLES = {"project_id": "reel", "path": "a.mp4"}
OTHER_ID = "5f9c5f53-9a8a-4b8b-8b1e-0a4c7d0f9a11"


@pytest.fixture(scope="module")
def described() -> list[Operation]:
    """Every operation of the document."""
    app: FastAPI = create_app()
    return list(operations(app.openapi()))


def known_to(operation: Operation) -> list[str]:
    parameters: list[dict[str, Any]] = operation.content.get("parameters", [])
    return sorted(each["name"] for each in parameters if each["in"] == "query")


def path_of(operation: Operation) -> str:
    path = operation.path.partition("/api/v1/library/")[2]
    for name in (
        "project_id",
        "path",
        "source_id",
        "clip_id",
        "export_id",
        "job_id",
        "webhook_id",
        "delivery_id",
    ):
        path = path.replace(f"{{{name}}}", EXAMPLES.get(name, OTHER_ID))
    return path


async def test_every_operation_refuses_what_it_does_not_know(
    api: Api, described: list[Operation], traces: Traces
) -> None:
    for operation in described:
        assert 422 in operation.statuses, operation.name
        bodies = operation.content.get("requestBody", {}).get("content", {})
        body = bodies.get("application/json", {}).get("example")
        answer = await api.call(operation.method, path_of(operation), params={"limt": 5}, json=body)
        content = problem(answer, 422, "invalid-request")
        (found,) = content["errors"]
        assert found["location"] == "query.limt"
        known = known_to(operation)
        assert found["message"].endswith(", ".join(known) if known else "this call has none")
        assert all(name in content["detail"] for name in known)
    assert traces.none()


async def test_the_fast_path_leaves_a_query_to_the_route(api: Api, project: str) -> None:
    answer = await api.get(f"projects/{project}/progress?fresh=1")
    assert problem(answer, 422, "invalid-request")["errors"][0]["location"] == "query.fresh"


async def test_a_parameter_is_sent_once(api: Api) -> None:
    content = problem(await api.get("projects?limit=1&limit=2"), 422, "invalid-request")
    assert content["detail"] == "query.limit: Send this parameter only once."
    assert (await api.get("projects?limit=1")).status_code == 200


async def test_a_token_is_asked_for_before_the_query_is_judged(api: Api) -> None:
    answer = await api.http.get("projects?limt=1")
    problem(answer, 401, "unauthenticated")
