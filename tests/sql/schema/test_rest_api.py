"""The same rights through the API that browsers use: real tokens, real PostgREST."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.jobs.records import Lease
from tests.sql import catalog
from tests.sql.client import SqlClient
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.users import User, Users

READABLE = ("projects", "jobs", "clips", "sources", "generation_progress", "locks", "exports")
LOCK_COLUMNS = "project_id,fencing_token,job_id,acquired_at,expires_at,deadline_at"


@dataclass(frozen=True)
class Api:
    """The project's REST API as a browser calls it; without a token as anon."""

    backend: Backend
    token: str | None

    def get(self, table: str, select: str = "*") -> httpx.Response:
        return self._request("GET", f"editai_{table}", params={"select": select})

    def write(self, method: str, table: str) -> httpx.Response:
        filters = {} if method == "POST" else {"project_id": "neq."}
        return self._request(method, f"editai_{table}", params=filters, json={})

    def call(self, function: str, arguments: dict[str, Any]) -> httpx.Response:
        return self._request("POST", f"rpc/editai_{function}", json=arguments)

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        gateway = self.backend.gateway
        headers = {
            "apikey": gateway.anon_key,
            "Authorization": f"Bearer {self.token or gateway.anon_key}",
        }
        return httpx.request(method, f"{gateway.url}/rest/v1/{path}", headers=headers, **content)


@pytest.fixture
def owner(user: User) -> UUID:
    """The project's owner is a signed-in user."""
    return UUID(user.id)


@pytest.fixture
def filled(sql: SqlClient, lease: Lease) -> Lease:
    sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    return lease


@pytest.mark.parametrize("table", READABLE)
def test_an_owner_reads_its_own_rows_and_a_stranger_none(
    fresh_state: Backend, filled: Lease, user: User, users: Users, table: str
) -> None:
    columns = LOCK_COLUMNS if table == "locks" else "*"
    own = Api(fresh_state, user.token).get(table, columns)
    assert own.status_code == 200
    assert len(own.json()) == (0 if table == "exports" else 1)
    foreign = Api(fresh_state, users.new().token).get(table, columns)
    assert (foreign.status_code, foreign.json()) == (200, [])


def test_anon_reads_and_calls_nothing(fresh_state: Backend, admin: Connection) -> None:
    anon = Api(fresh_state, None)
    for table in catalog.tables(admin):
        answer = anon.get(table)
        assert (answer.status_code, answer.json()["code"]) == (401, "42501"), table
    answer = anon.call("clock", {})
    assert (answer.status_code, answer.json()["code"]) == (401, "42501")


def test_a_user_writes_nothing(fresh_state: Backend, filled: Lease, user: User) -> None:
    api = Api(fresh_state, user.token)
    for table in READABLE:
        if table == "projects":
            continue
        for method in ("POST", "DELETE"):
            answer = api.write(method, table)
            assert (answer.status_code, answer.json()["code"]) == (403, "42501"), (method, table)


def test_a_user_calls_no_function(fresh_state: Backend, filled: Lease, user: User) -> None:
    api = Api(fresh_state, user.token)
    calls: dict[str, dict[str, Any]] = {
        "clock": {},
        "cancel_job": {"p_project_id": filled.project_id, "p_owner_id": user.id},
        "read_progress_of": {
            "p_project_ids": [filled.project_id],
            "p_owner_ids": [None],
            "p_job_ids": [None],
        },
        "read_progress": {"p_project_id": filled.project_id, "p_owner_id": None},
        "cleanup_leases": {"p_limit": 1, "p_dispatch_ttl_seconds": 1},
        "list_projects": {"p_owner_id": None, "p_limit": 10},
    }
    for name, arguments in calls.items():
        answer = api.call(name, arguments)
        assert (answer.status_code, answer.json()["code"]) == (403, "42501"), name


@pytest.mark.parametrize("select", ["*", "lease_id"])
def test_a_leases_id_is_not_shown(
    fresh_state: Backend, filled: Lease, user: User, select: str
) -> None:
    answer = Api(fresh_state, user.token).get("locks", select)
    assert (answer.status_code, answer.json()["code"]) == (403, "42501")
    assert str(filled.lease_id) not in answer.text


def test_a_token_with_another_secret_is_refused(fresh_state: Backend, users: Users) -> None:
    token = users.token(secret="x" * 40)
    assert Api(fresh_state, token).get("projects").status_code == 401


def test_a_token_cannot_name_a_role_above_its_own(fresh_state: Backend, users: Users) -> None:
    """A token is signed for its role: a role that the API must not become is no role at all."""
    for role in ("postgres", "supabase_admin"):
        answer = Api(fresh_state, users.token(role=role)).get("projects")
        assert answer.status_code in (401, 403), role
