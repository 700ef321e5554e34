"""The document describes what the routes do: every route, status, header, problem and example."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import BASE_PATH
from api.http.security import MAX_JSON_BYTES, AuthenticatedRoute
from api.openapi.problem_schemas import problem_kinds
from api.settings import DEFAULT_MAX_UPLOAD_BYTES
from shared.errors import PROBLEM_MEDIA_TYPE
from tests.api.openapi.reading import Operation, examples, faults, operations

JSON = "application/json"
UNDOCUMENTED = {"/", f"{BASE_PATH}/docs", f"{BASE_PATH}/docs/{{name}}"}

# The responses for an unknown path, and for a method that a path does not support.
EVERYWHERE = {"urn:editai:problem:not-found", "urn:editai:problem:method-not-allowed"}
BLANK = {"about:blank"}

AUTHENTICATED = {401, 403, 500, 503}
WITH_BODY = {400, 408, 413, 415, 422}
JOB_STARTS = {"generate", "generate_from_segments", "render"}
BUSY = JOB_STARTS | {"delete_project", "delete_source", "delete_clip"}


def api_routes(app: FastAPI) -> list[tuple[str, APIRoute]]:
    """All routes with their whole paths."""
    contexts = [(each.path, each.original_route) for each in iter_route_contexts(app.routes)]
    return [(path or "", route) for path, route in contexts if isinstance(route, APIRoute)]


def is_undocumented(path: str) -> bool:
    return path in UNDOCUMENTED or path.startswith(f"{BASE_PATH}/ops")  # operators' own


def by_name(document: dict[str, Any]) -> dict[str, Operation]:
    return {operation.name: operation for operation in operations(document)}


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    found = OpenAPIV31SpecValidator(document).iter_errors()  # pyright: ignore[reportArgumentType]
    assert [error.message for error in found] == []


def test_every_route_is_described_and_nothing_else(app: FastAPI, document: dict[str, Any]) -> None:
    routed = {
        (path.replace(":path}", "}"), method)
        for path, route in api_routes(app)
        for method in route.methods or ()
        if not is_undocumented(path)
    }
    assert {(each.path, each.method) for each in operations(document)} == routed


def test_an_operation_is_named_as_its_function(app: FastAPI, document: dict[str, Any]) -> None:
    names = [operation.name for operation in operations(document)]
    assert len(names) == len(set(names))
    functions = {
        route.name.lstrip("_") for path, route in api_routes(app) if not is_undocumented(path)
    }
    assert set(names) == functions


def test_every_operation_has_one_described_tag(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = [operation.content["tags"] for operation in operations(document)]
    assert all(len(tags) == 1 for tags in used)
    assert {tags[0] for tags in used} == described


def test_the_server_and_a_path_make_the_public_url(document: dict[str, Any]) -> None:
    (server,) = document["servers"]
    assert server["url"].startswith("http://127.0.0.1:")
    assert not server["url"].endswith("/")
    assert all(path.startswith(BASE_PATH) for path in document["paths"])


def test_every_problem_is_described_where_it_occurs(document: dict[str, Any]) -> None:
    shown = {kind for operation in operations(document) for kind in operation.problem_types()}
    known = {kind.problem_type() for kind in problem_kinds()}
    assert shown | EVERYWHERE == known | BLANK
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["properties"]["type"]["enum"]) == known | BLANK
    allow = document["components"]["responses"]["MethodNotAllowed"]["headers"]
    assert "Allow" in allow


def test_errors_of_tokens_are_described_where_a_token_is_required(
    app: FastAPI, document: dict[str, Any]
) -> None:
    described = by_name(document)
    for path, route in api_routes(app):
        if is_undocumented(path):
            continue
        operation = described[route.name.lstrip("_")]
        if isinstance(route, AuthenticatedRoute):
            assert operation.statuses >= AUTHENTICATED, operation
            assert operation.content["security"] == [{"accessToken": []}]
        else:
            assert 401 not in operation.statuses
            assert "security" not in operation.content


def test_errors_of_bodies_are_described_where_a_body_is_read(document: dict[str, Any]) -> None:
    for operation in operations(document):
        if operation.content.get("requestBody") and 401 in operation.statuses:
            assert operation.statuses >= WITH_BODY, operation.name
        if operation.has_query("cursor"):
            assert 422 in operation.statuses, operation.name


def test_the_example_of_a_too_large_body_names_the_limit_of_its_route(
    app: FastAPI, document: dict[str, Any]
) -> None:
    described = by_name(document)
    limits: dict[str, int] = {}
    for _, route in api_routes(app):
        operation = described.get(route.name.lstrip("_"))
        if operation and 413 in operation.statuses:
            is_json = isinstance(route, AuthenticatedRoute) and route.reads_json
            limits[operation.name] = MAX_JSON_BYTES if is_json else DEFAULT_MAX_UPLOAD_BYTES
    assert set(limits.values()) == {MAX_JSON_BYTES, DEFAULT_MAX_UPLOAD_BYTES}
    for name, limit in limits.items():
        content = described[name].content["responses"]["413"]["content"][PROBLEM_MEDIA_TYPE]
        example = content["examples"]["payload-too-large"]["value"]
        assert example["max_bytes"] == limit, name
        assert f"{limit:,} bytes" in example["detail"], name


def test_an_operation_with_an_id_in_its_path_describes_404(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert ("_id}" in operation.path) <= (404 in operation.statuses), operation.name


def test_every_response_describes_its_headers(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status, response in operation.content["responses"].items():
            required = {
                name for name, header in response.get("headers", {}).items() if header["required"]
            }
            assert ("WWW-Authenticate" in required) == (status == "401")
            waits = status in ("429", "503") or (status == "409" and operation.name in BUSY)
            assert ("Retry-After" in required) == waits, (operation.name, status)
    described = by_name(document)
    for name in JOB_STARTS:
        answers = described[name].content["responses"]
        assert "Location" in answers["202"]["headers"]
        assert all(
            "Preference-Applied" in answers[status]["headers"] for status in ("202", "409", "429")
        )
        parameters = {parameter["name"] for parameter in described[name].content["parameters"]}
        assert parameters >= {"Idempotency-Key", "Prefer"}
    assert "Location" in described["create_project"].content["responses"]["201"]["headers"]
    progress = described["read_progress"].content["responses"]
    assert all("ETag" in progress[status]["headers"] for status in ("200", "304"))
    assert "Content-Range" in described["read_file"].content["responses"]["206"]["headers"]


def contents(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every content of a request or an answer that is JSON or a form: where it is, its type, itself."""
    return [
        (f"{operation.name} {place}", kind, media)
        for operation in operations(document)
        for place, body in (
            ("request", operation.content.get("requestBody", {})),
            *operation.content["responses"].items(),
        )
        for kind, media in body.get("content", {}).items()
        if kind in (JSON, PROBLEM_MEDIA_TYPE, "multipart/form-data")
    ]


def test_every_content_has_an_example_that_fits_its_schema(document: dict[str, Any]) -> None:
    for place, kind, media in contents(document):
        shown = examples(media)
        assert shown, (place, kind)
        for example in shown:
            assert faults(document, media["schema"], example) == [], (place, kind)


def test_a_problem_fits_no_other_kind_s_schema(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    busy = {"type": "urn:editai:problem:project-busy", "title": "", "status": 409, "detail": ""}
    assert faults(document, schemas["ProjectExistsProblem"], busy)
    assert faults(document, schemas["ProjectBusyProblem"], busy)
    told = busy | {"job": None, "lease_expires_at": None}
    assert not faults(document, schemas["ProjectBusyProblem"], told)
    assert faults(document, schemas["ProjectBusyProblem"], told | {"status": 503})


@pytest.mark.parametrize("name", ["cancel", "list_clips", "health"])
def test_names_are_stable(document: dict[str, Any], name: str) -> None:
    assert name in by_name(document)
