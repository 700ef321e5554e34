"""Writes the next migration: what supabase/schemas has and the migrations do not give yet.

supabase/migrations --> database --.
                                    >-- supabase db diff --> draft --> applied to the first database,
supabase/schemas ----> database --'                                    and both compared again
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from local.parts.postgres import Server
from local.schema import version
from local.schema.catalog import differences, read_catalog_of
from local.schema.diff import statements_between
from local.schema.draft import migration_text
from local.schema.files import SUPABASE, SchemaFilesWrong, apply_schema, read_files
from local.schema.migrations import migrate
from local.schema.rows import row_statements
from local.schema.scratch import new_database

_NAME = re.compile(r"[a-z]+(_[a-z]+)+")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A migration, and the differences that it leaves: those need a statement written by hand."""

    file: Path
    left: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Where the files are, and a server for two databases that are made anew each time."""

    server: Server
    supabase: Path = SUPABASE
    code: Path = version.CODE
    databases: str = "editai_schema"

    def write(self, name: str) -> Written | None:
        """Writes the migration and states its version, or returns None when there is nothing to write.

        A draft of the same name that git does not know yet is replaced.
        Raises SchemaFilesWrong, DiffFailed, MigrationFailed.
        """
        if not _NAME.fullmatch(name):
            raise SchemaFilesWrong(
                f"a migration is named by verb and noun, as add_priority: not {name!r}"
            )
        files = read_files(self.supabase)
        declared = new_database(self.server, f"{self.databases}_declared")
        apply_schema(declared, files)
        self._remove_draft(name)  # not before: it may hold what a person has written
        number = self._next_version()
        migrated = new_database(self.server, f"{self.databases}_migrated")
        migrate(migrated, directory=self._migrations, say=lambda _line: None)
        if read_catalog_of(migrated) == read_catalog_of(declared):
            return None
        files = version.stated_in_sql(files, number)
        declared = new_database(self.server, f"{self.databases}_declared")
        apply_schema(declared, files)
        text, left = _draft(name, files, migrated, declared)
        file = self._migrations / f"{number}_{name}.sql"
        file.write_text(text)
        for schema_file, content in files.items():
            schema_file.write_text(content)
        version.state_in_python(self.code, number)
        return Written(file=file, left=left)

    @property
    def _migrations(self) -> Path:
        return self.supabase / "migrations"

    def _next_version(self) -> str:
        newest = max(file.name[:14] for file in self._migrations.glob("*.sql"))
        now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        if now <= newest:
            raise SchemaFilesWrong(f"the newest migration is of {newest}, later than now ({now})")
        return now

    def _remove_draft(self, name: str) -> None:
        newest = max(self._migrations.glob("*.sql"))
        if newest.stem[15:] == name:
            command = ["git", "ls-files", "--error-unmatch", newest.name]
            if (
                subprocess.run(
                    command, cwd=newest.parent, check=False, capture_output=True
                ).returncode
                == 0
            ):
                raise SchemaFilesWrong(f"{newest.name} is in git already: choose another name")
            newest.unlink()


def _draft(
    name: str, files: dict[Path, str], migrated: str, declared: str
) -> tuple[str, list[str]]:
    """A migration's text, and what is left to do after it has been applied."""
    is_now, should_be = read_catalog_of(migrated), read_catalog_of(declared)
    text = migration_text(
        name,
        statements_between(migrated, declared),
        row_statements(declared, is_now, should_be),
        files,
        is_now,
    )
    try:
        with psycopg.connect(migrated, connect_timeout=10) as connection:
            connection.execute(text.encode())
    except psycopg.Error as error:
        return text, [f"the migration does not apply: {error}"]
    return text, differences(read_catalog_of(migrated), should_be)
