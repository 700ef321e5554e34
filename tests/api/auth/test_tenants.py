"""Another user's resources look like missing ones: every operation of the document, with every id it takes."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from psycopg import sql

from local.parts.functions import LIBRARY_BASE_PATH
from tests.api.openapi.reading import Operation, operations
from tests.api.resources.test_clips import add_export, make_clips
from tests.support.database import Connection
from tests.support.library_client import Api, Traces

JSON = "application/json"
MISSING: Mapping[str, str] = {
    "project_id": str(uuid4()),
    "job_id": str(uuid4()),
    "clip_id": str(uuid4()),
    "source_id": str(uuid4()),
    "export_id": str(uuid4()),
    "webhook_id": str(uuid4()),
    "delivery_id": str(uuid4()),
}
"""Every kind of id there is. An operation with another kind has no entry here and fails."""

OF_EVERYONE = {"list_export_presets", "health", "readiness"}


@dataclass(frozen=True, kw_only=True)
class Library:
    """The library's operations, and what one user has in it."""

    operations: list[Operation]
    owned: Mapping[str, str]
    traces: Traces

    def state(self) -> Any:
        """All rows and files there are."""
        tables = self.traces.admin.execute(
            "select relname from pg_class"
            " where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"
        ).fetchall()
        rows = {
            table["relname"]: self.traces.admin.execute(
                sql.SQL("select * from {}").format(sql.Identifier(table["relname"]))
            ).fetchall()
            for table in tables
        }
        return rows, sorted(self.traces.files())


@pytest.fixture
async def library_of_a_user(api: Api, project: str, traces: Traces) -> Library:
    document = (await api.http.get("openapi.json")).json()
    (clip,) = await make_clips(api, project, 1)
    await api.generate(project)
    source_id = str(clip.segments[0].source_id)
    owned = {
        "project_id": project,
        "clip_id": str(clip.id),
        "job_id": str(clip.job_id),
        "source_id": source_id,
        "export_id": str(add_export(traces.admin, clip)),
        **_webhook_of(project, traces.admin),
    }
    return Library(operations=list(operations(document)), owned=owned, traces=traces)


def _webhook_of(project: str, admin: Connection) -> dict[str, str]:
    """A webhook of the project's owner, with a delivery."""
    row = admin.execute(
        "with webhook as (insert into editai_webhooks (owner_id, url, events)"
        " select owner_id, 'http://127.0.0.1:9/', '{}' from editai_projects where id = %(id)s returning id)"
        " insert into editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload)"
        " select id, %(id)s, gen_random_uuid(), 'http://127.0.0.1:9/', 'job.failed',"
        " '{}' from webhook returning webhook_id, id",
        {"id": project},
    ).fetchone()
    assert row is not None
    return {"webhook_id": str(row["webhook_id"]), "delivery_id": str(row["id"])}


def ids_in(operation: Operation) -> set[str]:
    """The parameters in its path that name something."""
    names = {
        parameter["name"]
        for parameter in operation.content.get("parameters", ())
        if parameter["in"] == "path"
    }
    return names - {"path", "name"}


def example_body(operation: Operation) -> Any:
    body = operation.content.get("requestBody", {}).get("content", {})
    return copy.deepcopy(body[JSON]["example"]) if JSON in body else None


def with_ids(value: Any, ids: Mapping[str, str]) -> Any:
    """A body whose members that name something name these."""
    if isinstance(value, list):
        return [with_ids(item, ids) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return {
        name: ids[name] if name.endswith("_id") else with_ids(member, ids)
        for name, member in members.items()
    }


async def sent(
    api: Api, operation: Operation, method: str, path_ids: Mapping[str, str], body: Any
) -> httpx.Response:
    path = operation.path.format(**path_ids).removeprefix(f"{LIBRARY_BASE_PATH}/")
    return await api.call(method, path, **({} if body is None else {"json": body}))


def told(answer: httpx.Response) -> Any:
    """All of an answer."""
    return answer.status_code, sorted(answer.headers.items()), answer.content


def methods(operation: Operation) -> Iterator[str]:
    yield operation.method
    if operation.method == "GET":
        yield "HEAD"


async def test_every_operation_on_another_users_id_responds_as_on_a_missing_one(
    library_of_a_user: Library, stranger: Api
) -> None:
    mine, before = library_of_a_user, library_of_a_user.state()
    asked = 0
    for operation in mine.operations:
        if not ids_in(operation):
            continue
        body = with_ids(example_body(operation), mine.owned)
        for method in methods(operation):
            theirs = await sent(stranger, operation, method, mine.owned, body)
            missing = await sent(stranger, operation, method, MISSING, body)
            assert theirs.status_code == 404, (operation.name, theirs.text)
            assert told(theirs) == told(missing), operation.name
            asked += 1
    assert asked > 15
    assert mine.state() == before


async def test_another_users_ids_in_a_body_are_refused_like_missing_ones(
    library_of_a_user: Library, stranger: Api
) -> None:
    """On a project of the caller's own, where nothing else stands in the way."""
    mine, project = library_of_a_user, await stranger.new_project()
    before, asked = mine.state(), 0
    for operation in mine.operations:
        body = example_body(operation)
        if "project_id" not in ids_in(operation) or "_id" not in json.dumps(body):
            continue
        path_ids = {"project_id": project}
        theirs = await sent(stranger, operation, "POST", path_ids, with_ids(body, mine.owned))
        missing = await sent(stranger, operation, "POST", path_ids, with_ids(body, MISSING))
        assert theirs.status_code in (404, 422), (operation.name, theirs.text)
        assert told(theirs) == told(missing), operation.name
        asked += 1
    assert asked == 2
    assert mine.state() == before


async def test_lists_contain_nothing_of_another_user(
    library_of_a_user: Library, stranger: Api
) -> None:
    lists = [
        operation
        for operation in library_of_a_user.operations
        if operation.method == "GET" and "security" in operation.content and not ids_in(operation)
    ]
    for operation in lists:
        answer = await sent(stranger, operation, "GET", {}, None)
        assert answer.status_code == 200
        if operation.name not in OF_EVERYONE:
            nothing: dict[str, Any] = {"items": [], "next_cursor": None, "has_more": False}
            assert answer.json() == nothing, operation.name
    assert len(lists) >= 3


async def test_without_a_token_existing_and_missing_ids_look_the_same(
    library_of_a_user: Library, api: Api
) -> None:
    nobody = Api(http=api.http, headers={})
    mine, before = library_of_a_user, library_of_a_user.state()
    for operation in mine.operations:
        if "security" not in operation.content:
            continue
        body = with_ids(example_body(operation), mine.owned)
        theirs = await sent(nobody, operation, operation.method, mine.owned, body)
        missing = await sent(nobody, operation, operation.method, MISSING, body)
        assert theirs.status_code == 401, operation.name
        assert told(theirs) == told(missing), operation.name
    assert mine.state() == before


async def test_the_owner_may_use_every_operation(library_of_a_user: Library, api: Api) -> None:
    """So the refusals above are not those of requests that nobody could make."""
    mine = library_of_a_user
    for operation in mine.operations:
        if ids_in(operation) and operation.method != "DELETE":
            body = with_ids(example_body(operation), mine.owned)
            answer = await sent(api, operation, operation.method, mine.owned, body)
            assert answer.status_code < 500, (operation.name, answer.text)
            assert answer.status_code != 404, (operation.name, answer.text)
