"""Applies supabase/migrations to any database and records them as the Supabase CLI does."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pglast
import psycopg

MIGRATIONS = Path(__file__).resolve().parents[2] / "supabase" / "migrations"

# Any number will do, as long as every runner takes the same one.
_RUNNER_LOCK = 7_264_418_903_115

_HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key
);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
"""


class MigrationFailed(Exception):
    """A migration's statement was refused; nothing of its file was applied."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file: `<version of 14 digits>_<name>.sql`."""

    version: str
    name: str
    statements: Sequence[str]

    @classmethod
    def read(cls, file: Path) -> "Migration":
        """Reads a file and splits it as Postgres's own parser does."""
        version, _, name = file.stem.partition("_")
        statements = tuple(pglast.split(file.read_text()))
        return cls(version=version, name=name, statements=statements)


def read_migrations(directory: Path = MIGRATIONS) -> list[Migration]:
    """All migrations, in order. Other files in the folder are not ours to run."""
    files = sorted(directory.glob("*.sql"))
    return [Migration.read(file) for file in files if re.fullmatch(r"\d{14}_\w+", file.stem)]


def migrate(
    url: str, *, directory: Path = MIGRATIONS, say: Callable[[str], None] = print
) -> list[Migration]:
    """Applies what is missing, each file in one transaction; returns what was applied.

    Raises MigrationFailed. An applied file whose statements have changed since is only reported.
    """
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_RUNNER_LOCK])
        recorded = _recorded_statements(connection)
        return list(_apply_missing(connection, read_migrations(directory), recorded, say))


def _recorded_statements(connection: psycopg.Connection) -> dict[str, list[str] | None]:
    with connection.transaction():
        connection.execute("set local client_min_messages = warning")
        connection.execute(_HISTORY)
    query = "select version, statements from supabase_migrations.schema_migrations"
    return dict(connection.execute(query).fetchall())


def _apply_missing(
    connection: psycopg.Connection,
    migrations: Sequence[Migration],
    recorded: dict[str, list[str] | None],
    say: Callable[[str], None],
) -> Iterator[Migration]:
    for migration in migrations:
        if migration.version not in recorded:
            _apply(connection, migration)
            say(f"migration {migration.version}_{migration.name} applied")
            yield migration
        elif _has_changed(migration, recorded[migration.version]):
            say(f"warning: {migration.version}_{migration.name} has changed since it was applied")


def _has_changed(migration: Migration, recorded: list[str] | None) -> bool:
    """Compares by one splitting: the Supabase CLI keeps comments that Postgres's parser drops."""
    if recorded is None:
        return False
    return tuple(pglast.split(";\n".join(recorded))) != tuple(migration.statements)


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        for statement in migration.statements:
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                raise MigrationFailed(
                    f"{migration.version}_{migration.name}: {error}\nin: {statement[:500]}"
                ) from error
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name)"
            " values (%s, %s, %s)",
            [migration.version, list(migration.statements), migration.name],
        )
