"""What a stranger learns from the planner's estimates, which PostgREST shows: nothing about the rows of others."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bench.growth_statements import OF_OTHERS, OF_RUNNING_JOBS, OWN
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.users import User, Users

OTHERS = 500
VICTIM = {"project": "own", "clip": uuid4(), "job": uuid4(), "n": 2_000}
TABLES = ("sources", "jobs", "clips", "exports", "generation_progress")


@pytest.fixture
def victim(fresh_state: Backend, admin: Connection, users: Users) -> User:
    """A user with 2,000 sources and clips in one project, among 500 projects of others, all in the statistics."""
    victim = users.new()
    for statement in OWN:
        admin.execute(statement, VICTIM | {"owner": victim.id})
    admin.execute("set session_replication_role = replica")  # no checks of foreign keys: all exist
    for statement in (*OF_OTHERS.values(), OF_RUNNING_JOBS):
        admin.execute(statement.format(n=OTHERS).encode())
    admin.execute("update editai_sources set file_name = 'secret.mp4' where project_id = 'own'")
    admin.execute("analyze")
    return victim


@pytest.fixture
def rest(fresh_state: Backend) -> Iterator[httpx.Client]:
    """A client of the project's REST API."""
    headers = {"apikey": fresh_state.gateway.anon_key}
    with httpx.Client(base_url=f"{fresh_state.gateway.url}/rest/v1", headers=headers) as client:
        yield client


def total(rest: httpx.Client, user: User, count: str, path: str) -> str:
    """The total number of rows that the API tells a user."""
    headers = {"Authorization": f"Bearer {user.token}", "Prefer": f"count={count}"}
    answer = rest.head(path, headers=headers)
    assert answer.status_code in (200, 206), (path, answer.headers)
    return answer.headers["content-range"].rpartition("/")[2]


def questions(*, project: str, owner: str, file: str, clip: str) -> list[str]:
    """Requests that name something of another user."""
    return [
        *(f"editai_{table}?project_id=eq.{project}" for table in TABLES),
        *(f"editai_{table}?project_id=in.({project},p1)" for table in TABLES),
        *(f"editai_{table}?project_id=gte.{project}" for table in TABLES),
        f"editai_locks?select=project_id&project_id=eq.{project}",
        f"editai_projects?owner_id=eq.{owner}",
        f"editai_projects?id=eq.{project}",
        f"editai_sources?file_name=eq.{file}",
        f"editai_sources?or=(file_name.eq.{file},status.eq.pending)",
        f"editai_sources?file_name=like.{file[:4]}*",
        f"editai_exports?clip_id=eq.{clip}",
        f"editai_clips?select=id,editai_exports!inner(id)&project_id=eq.{project}",
        f"editai_projects?select=id,editai_sources!inner(id)&editai_sources.file_name=eq.{file}",
    ]


def test_an_estimate_does_not_depend_on_what_others_have(
    victim: User, users: Users, rest: httpx.Client
) -> None:
    stranger = users.new()
    there: dict[str, Any] = {"project": "own", "file": "secret.mp4", "clip": VICTIM["clip"]}
    absent: dict[str, Any] = {"project": "absent", "file": "none.mp4", "clip": uuid4()}
    asked = [*questions(**there, owner=victim.id), *questions(**absent, owner=str(uuid4()))]
    asked += [f"editai_{table}" for table in TABLES]
    asked += [
        "editai_locks?select=project_id&fencing_token=eq.7",
        "editai_sources?status=eq.pending",
    ]
    for count, expected in (("planned", "1"), ("estimated", "0")):
        told = {path: total(rest, stranger, count, path) for path in asked}
        assert {path: rows for path, rows in told.items() if rows != expected} == {}, count
    assert total(rest, victim, "exact", "editai_clips?project_id=eq.own") == "2000"


def test_query_plans_are_not_shown(user: User, rest: httpx.Client) -> None:
    """A plan tells estimated costs, which do depend on the rows of others."""
    headers = {
        "Authorization": f"Bearer {user.token}",
        "Accept": "application/vnd.pgrst.plan+json",
    }
    answer = rest.get("editai_clips", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "PGRST107")
