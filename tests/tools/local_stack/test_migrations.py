"""Migrations are applied once, in order and atomically, and recorded as the Supabase CLI does."""

from pathlib import Path

import psycopg
import pytest

from local.schema.migrations import MigrationFailed, migrate
from tests.support.backend import Backend
from tests.support.database import Connection, Database

_VERSIONS = "select version, name, statements from supabase_migrations.schema_migrations"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "20300101000000_create_first.sql").write_text(
        "-- one; two\ncreate table first (number integer);\ninsert into first values (1);\n"
    )
    (tmp_path / "20300102000000_create_second.sql").write_text("create table second ();")
    (tmp_path / "notes.sql").write_text("select 1 / 0;")
    return tmp_path


def database_of(backend: Backend) -> str:
    """The name of a database that only this test process migrates."""
    return f"{backend.database}_migrations"


@pytest.fixture
def empty(fresh_state: Backend, database: Database, admin: Connection) -> str:
    """The URL of a new database, owned by postgres."""
    name = database_of(fresh_state)
    admin.execute(f"drop database if exists {name} with (force)".encode())
    admin.execute(f"create database {name} owner postgres".encode())
    return fresh_state.server.url(database=name)


def _ignore(_line: str) -> None:
    """Prints nothing."""


def test_missing_migrations_are_applied_in_order_and_recorded(folder: Path, empty: str) -> None:
    applied = migrate(empty, directory=folder, say=_ignore)
    assert [migration.name for migration in applied] == ["create_first", "create_second"]
    with psycopg.connect(empty) as connection:
        rows = connection.execute(f"{_VERSIONS} order by version").fetchall()
    assert rows[0][:2] == ("20300101000000", "create_first")
    assert len(rows[0][2]) == 2
    assert rows[1] == ("20300102000000", "create_second", ["create table second ()"])


def test_a_second_run_applies_nothing(folder: Path, empty: str) -> None:
    migrate(empty, directory=folder, say=_ignore)
    said: list[str] = []
    assert migrate(empty, directory=folder, say=said.append) == []
    assert said == []


def test_a_failing_migration_is_rolled_back_completely(folder: Path, empty: str) -> None:
    (folder / "20300102000000_create_second.sql").write_text(
        "create table second ();\nselect 1 / 0;"
    )
    with pytest.raises(MigrationFailed, match="20300102000000_create_second: division by zero"):
        migrate(empty, directory=folder, say=_ignore)
    with psycopg.connect(empty) as connection:
        assert [row[0] for row in connection.execute(_VERSIONS)] == ["20300101000000"]
        row = connection.execute("select to_regclass('first'), to_regclass('second')").fetchone()
    assert row == ("first", None)


def test_a_changed_file_is_reported_and_not_applied(folder: Path, empty: str) -> None:
    migrate(empty, directory=folder, say=_ignore)
    (folder / "20300102000000_create_second.sql").write_text("create table third ();")
    said: list[str] = []
    assert migrate(empty, directory=folder, say=said.append) == []
    assert said == ["warning: 20300102000000_create_second has changed since it was applied"]


def test_a_changed_comment_is_not_reported(folder: Path, empty: str) -> None:
    migrate(empty, directory=folder, say=_ignore)
    (folder / "20300102000000_create_second.sql").write_text("-- why\ncreate table second ();")
    said: list[str] = []
    migrate(empty, directory=folder, say=said.append)
    assert said == []


def test_the_bootstrap_can_run_twice(fresh_state: Backend) -> None:
    fresh_state.server.bootstrap(fresh_state.database)


def test_the_api_roles_can_use_new_tables_until_a_migration_revokes_that(
    fresh_state: Backend, empty: str
) -> None:
    fresh_state.server.bootstrap(database_of(fresh_state))
    with psycopg.connect(empty) as connection:
        connection.execute("create table given ()")
        row = connection.execute("select has_table_privilege('anon', 'given', 'select')").fetchone()
    assert row == (True,)
