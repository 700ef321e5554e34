"""The fixtures that tests rely on: roles, the clock, and the state in which each test begins."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from tests.support.backend import Backend
from tests.support.database import Clock, Connection, Database
from tests.support.users import User


def test_the_service_role_is_not_a_superuser(service_role: Connection) -> None:
    row = service_role.execute(
        "select current_user as name, rolsuper from pg_roles where rolname = current_user"
    ).fetchone()
    assert row == {"name": "service_role", "rolsuper": False}


def test_the_database_sees_a_user_s_id_and_role(database: Database, user: User) -> None:
    connection = database.connect("authenticated", user_id=user.id)
    row = connection.execute("select auth.uid()::text as id, auth.role() as role").fetchone()
    assert row == {"id": user.id, "role": "authenticated"}


def test_advancing_the_clock_moves_time_for_every_connection(
    clock: Clock, service_role: Connection
) -> None:
    clock.advance(3600)
    row = service_role.execute("select editai_clock() - clock_timestamp() as ahead").fetchone()
    assert row is not None
    assert abs(row["ahead"] - timedelta(hours=1)) < timedelta(seconds=1)


def test_every_test_begins_with_the_real_time(clock: Clock) -> None:
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_request_header_stops_time_for_that_request(fresh_state: Backend) -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    key = fresh_state.gateway.service_role_key
    headers = {"apikey": key, **Clock.header(moment)}
    response = httpx.post(f"{fresh_state.gateway.url}/rest/v1/rpc/editai_clock", headers=headers)
    assert datetime.fromisoformat(response.json()) == moment


def test_the_gateway_refuses_a_call_without_a_key(fresh_state: Backend) -> None:
    response = httpx.get(f"{fresh_state.gateway.url}/rest/v1/editai_export_presets")
    assert response.status_code == 401
    assert response.json() == {"message": "No API key in the request"}


def test_the_gateway_refuses_an_unknown_key(fresh_state: Backend) -> None:
    url = f"{fresh_state.gateway.url}/rest/v1/editai_export_presets"
    response = httpx.get(url, headers={"apikey": "made-up"})
    assert response.status_code == 401
    assert response.json() == {"message": "Invalid API key"}


def test_the_api_key_replaces_a_missing_token(fresh_state: Backend) -> None:
    url = f"{fresh_state.gateway.url}/rest/v1/editai_locks"
    response = httpx.get(url, headers={"apikey": fresh_state.gateway.service_role_key})
    assert (response.status_code, response.json()) == (200, [])


def test_the_anonymous_key_cannot_read_tables(fresh_state: Backend) -> None:
    url = f"{fresh_state.gateway.url}/rest/v1/editai_locks"
    response = httpx.get(url, headers={"apikey": fresh_state.gateway.anon_key})
    assert response.status_code == 401
    assert response.json()["code"] == "42501"


@pytest.mark.parametrize("attempt", [1, 2])
def test_every_test_begins_with_empty_tables(admin: Connection, attempt: int) -> None:
    admin.execute(
        "insert into editai_projects (id, owner_id, name) values ('left', gen_random_uuid(), 'x')"
    )
    row = admin.execute("select count(*) from editai_projects").fetchone()
    assert row == {"count": 1}, f"attempt {attempt}"


def test_the_export_presets_stay(admin: Connection) -> None:
    row = admin.execute("select count(*) from editai_export_presets").fetchone()
    assert row is not None
    assert row["count"] >= 5


def test_postgres_is_not_the_superuser(database: Database) -> None:
    connection = database.connect("postgres")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select pg_read_file('/etc/hostname')")
