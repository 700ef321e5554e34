"""Whichever process is killed, the stack recovers or leaves nothing behind."""

import os

import psycopg
import pytest

from tests.support.commands import LocalStack, forked_by
from tests.support.waiting import eventually


@pytest.mark.parametrize("name", ["postgrest", "gateway", "postgres"])
async def test_a_killed_part_is_restarted(shared_stack: LocalStack, name: str) -> None:
    killed = shared_stack.kill(name)
    await eventually(lambda: shared_stack.pids[name] != killed)
    await eventually(shared_stack.api_responds)


async def test_nothing_outlives_a_killed_supervisor(stack: LocalStack) -> None:
    stack.up("--database-only")
    stack.kill("supervisor")
    await eventually(lambda: stack.running() == [])
    assert stack.run("status").returncode == 3
    stack.up("--database-only")
    assert stack.api_responds()


def test_up_recovers_at_once_from_a_killed_supervisor(stack: LocalStack) -> None:
    stack.up("--database-only")
    with psycopg.connect(stack.description["db_url"]) as connection:
        connection.execute("create table kept (number integer)")
    stack.kill("supervisor")
    stack.up("--database-only")
    with psycopg.connect(stack.description["db_url"]) as connection:
        connection.execute("select from kept")


def test_a_pid_file_with_an_unrelated_pid_does_not_stop_the_server_from_starting(
    stack: LocalStack,
) -> None:
    stack.up("--database-only")
    stack.run("down")
    data = stack.directory / "postgres"
    lines = [str(os.getpid()), str(data), "0", "5432", "", "127.0.0.1", ""]
    (data / "postmaster.pid").write_text("\n".join(lines))
    stack.up("--database-only")


def test_a_half_created_database_is_created_again(stack: LocalStack) -> None:
    draft = stack.directory / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("16\n")
    stack.up("--database-only")
    assert not draft.exists()


def test_a_truncated_stack_file_is_written_again(stack: LocalStack) -> None:
    (stack.directory / "stack.json").write_text('{"library_url": "http')
    stack.up("--database-only")
    assert stack.api_responds()


async def test_a_killed_function_is_restarted_and_its_children_die(stack: LocalStack) -> None:
    stack.up()
    library = stack.pids["library"]
    children = forked_by(library)
    assert children
    stack.kill("library")
    await eventually(lambda: stack.pids["library"] != library)
    assert not set(children) & set(stack.running())
    stack.kill("supervisor")
    await eventually(lambda: stack.running() == [])
