"""`make up` starts the stack and leaves it running; `make down` stops it."""

import socket
import stat
from pathlib import Path

import httpx
import jwt
import psycopg
import pytest

from local.stack.directory import StackDirectory
from local.stack.ports import USUAL_PORTS
from local.stack.stack import Stack
from tests.support.commands import LocalStack

_KEYS = {
    "library_url",
    "worker_url",
    "lease_cleanup_url",
    "supabase_url",
    "db_url",
    "anon_key",
    "service_role_key",
    "jwt_secret",
    "jwt_issuer",
    "developer_email",
    "developer_password",
    "studio_url",
    "internal_secret",
    "pids",
}


def test_stack_json_has_everything_that_callers_need(shared_stack: LocalStack) -> None:
    description = shared_stack.description
    assert set(description) == _KEYS
    assert description["library_url"].endswith("/api/v1/library")
    assert description["jwt_issuer"] == f"{description['supabase_url']}/auth/v1"
    assert set(description["pids"]) == {"supervisor", "postgres", "postgrest", "gateway"}


def test_only_the_owner_can_read_secrets(shared_stack: LocalStack) -> None:
    for name in ("stack.json", "keys.json", "gateway/Caddyfile"):
        mode = (shared_stack.directory / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600, name


def test_the_role_postgres_can_log_in_and_finds_every_migration(shared_stack: LocalStack) -> None:
    with psycopg.connect(shared_stack.description["db_url"]) as connection:
        row = connection.execute(
            "select current_user, count(*) from supabase_migrations.schema_migrations"
        ).fetchone()
    assert row is not None
    assert row[0] == "postgres"
    assert row[1] > 0


def test_a_second_up_changes_nothing(shared_stack: LocalStack) -> None:
    before = shared_stack.pids
    assert "already running" in shared_stack.up()
    assert shared_stack.pids == before


def test_status_lists_each_process(shared_stack: LocalStack) -> None:
    result = shared_stack.run("status")
    assert result.returncode == 0
    assert f"pid {shared_stack.pids['postgrest']}" in result.stdout


def test_a_token_gives_one_user_access_to_the_stack(shared_stack: LocalStack) -> None:
    """Row-level security shows users only their own projects; this user has none yet."""
    description = shared_stack.description
    url = f"{description['supabase_url']}/rest/v1/editai_projects"
    token = shared_stack.run("token").stdout.strip()

    def read(token: str) -> httpx.Response:
        headers = {"apikey": description["anon_key"], "Authorization": f"Bearer {token}"}
        return httpx.get(url, headers=headers)

    assert (read(token).status_code, read(token).json()) == (200, [])
    assert read(token[:-4]).status_code == 401


def test_tokens_are_for_the_same_user_unless_another_is_named(shared_stack: LocalStack) -> None:
    def user(*options: str) -> str:
        token = shared_stack.run("token", *options).stdout.strip()
        key = shared_stack.description["jwt_secret"]
        return jwt.decode(token, key, algorithms=["HS256"], audience="authenticated")["sub"]

    another = "00000000-0000-4000-8000-000000000002"
    assert user() == user() != another
    assert user("--user", another) == another


def test_two_stacks_run_side_by_side(shared_stack: LocalStack, stack: LocalStack) -> None:
    stack.up("--database-only")
    assert stack.description["supabase_url"] != shared_stack.description["supabase_url"]
    assert stack.description["jwt_secret"] != shared_stack.description["jwt_secret"]
    assert stack.api_responds()
    assert shared_stack.api_responds()


def test_down_leaves_nothing_running_and_up_finds_the_data_again(stack: LocalStack) -> None:
    stack.up("--database-only")
    first = stack.description
    with psycopg.connect(first["db_url"]) as connection:
        connection.execute("create table kept (number integer)")
    assert stack.run("down").returncode == 0
    assert stack.running() == []
    assert not (stack.directory / "stack.json").exists()
    assert stack.run("status").returncode == 3
    stack.up("--database-only")
    assert stack.description["service_role_key"] == first["service_role_key"]
    with psycopg.connect(stack.description["db_url"]) as connection:
        connection.execute("select from kept")


def test_a_chosen_port_in_use_is_named(stack: LocalStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = stack.run("up", "--database-only", "--ports", f"gateway={port}")
    assert result.returncode == 1
    assert f"Port {port}, chosen for gateway, is in use." in result.stdout
    assert stack.running() == []


def test_an_unknown_port_name_is_refused(stack: LocalStack) -> None:
    result = stack.run("up", "--ports", "gatway=8000")
    assert result.returncode == 2
    assert "'gatway=8000'" in result.stderr


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "8000.0"])
def test_an_invalid_port_is_refused_and_its_variable_named(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("EDITAI_LIBRARY_PORT", port)
    result = stack.run("up")
    assert result.returncode == 2
    assert "EDITAI_LIBRARY_PORT" in result.stderr
    assert repr(port) in result.stderr


def test_down_succeeds_when_no_stack_runs(stack: LocalStack) -> None:
    result = stack.run("down")
    assert (result.returncode, result.stdout) == (0, "the stack is not running\n")


def test_the_functions_settings_come_from_the_callers_environment_and_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEASE_TTL_SECONDS", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("SUPABASE_URL", "https://production.example")
    directory = StackDirectory.at(tmp_path)
    directory.create()

    stack = Stack.plan(directory, dict.fromkeys(USUAL_PORTS, 9))

    for part in stack.function_parts()[:3]:
        assert part.environment["LEASE_TTL_SECONDS"] == "20"
        assert part.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
        assert part.environment["SUPABASE_URL"] == "http://127.0.0.1:9"
