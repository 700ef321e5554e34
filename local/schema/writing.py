"""Writes the next migration: what supabase/schemas has and the migrations do not give yet.

supabase/migrations --> database --.
                                    >-- supabase db diff --> draft --> applied to the first database,
supabase/schemas ----> database --'                                    and both compared again

A draft is a migration that HEAD does not have. Each run gives it the newest version. A draft that a person has changed
keeps its statements; any other is written again.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from local.parts.postgres import Server
from local.schema import version
from local.schema.catalog import differences, read_catalog_of
from local.schema.diff import statements_between
from local.schema.draft import migration_body
from local.schema.files import SUPABASE, SchemaFilesWrong, apply_schema, read_files
from local.schema.heading import Heading
from local.schema.migrations import migrate
from local.schema.rows import row_statements
from local.schema.scratch import new_database
from local.schema.squawk import undecided

_NAME = re.compile(r"[a-z]+(_[a-z]+)+")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A migration, and what is left for a person: differences that it does not remove, and squawk's findings."""

    file: Path
    left: Sequence[str]
    replaced: Path | None
    """The draft in whose place it is."""

    kept: bool
    """Whether the statements are those of the draft, because a person had changed it."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Where the files are, and a server for two databases that are made anew each time."""

    server: Server
    supabase: Path = SUPABASE
    code: Path = version.CODE
    databases: str = "editai_schema"

    def write(self, name: str) -> Written | None:
        """Writes the migration and states its version, or returns None when there is nothing to write.

        No file changes before all of the work is done.
        Raises SchemaFilesWrong, DiffFailed, MigrationFailed.
        """
        if not _NAME.fullmatch(name):
            raise SchemaFilesWrong(
                f"a migration is named by verb and noun, as add_priority: not {name!r}"
            )
        draft = self._draft(name)
        heading = Heading.of(draft.read_text()) if draft else Heading.new(name)
        newest = max(file.name[:14] for file in self._migrations.glob("*.sql") if file != draft)
        files = version.stated_in_sql(read_files(self.supabase), newest)
        declared, migrated = self._declared(files), self._migrated(draft)
        if not heading.changed_by_hand and read_catalog_of(migrated) == read_catalog_of(declared):
            self._replace(draft, files, newest)
            return None
        number = _version_after(newest)
        files = version.stated_in_sql(files, number)
        declared = self._declared(files)
        if draft and heading.changed_by_hand:
            text = version.stated_in_migration(draft.read_text(), number)
        else:
            text = heading.above(_body(files, migrated, declared))
        left = [*_differences_left(text, migrated, declared), *undecided(text)]
        file = self._migrations / f"{number}_{name}.sql"
        self._replace(draft, files, number)
        file.write_text(text)
        return Written(file=file, left=left, replaced=draft, kept=heading.changed_by_hand)

    @property
    def _migrations(self) -> Path:
        return self.supabase / "migrations"

    def _draft(self, name: str) -> Path | None:
        """The earlier draft of this name, if there is one."""
        named = [file for file in self._migrations.glob("*.sql") if file.stem[15:] == name]
        for file in named:
            if _is_committed(file):
                raise SchemaFilesWrong(
                    f"{file.name} is committed already: choose another name. If only your branch has it and it needs"
                    f" a newer version, first commit `git rm --cached {file}`."
                )
        if len(named) > 1:
            raise SchemaFilesWrong(
                f"{named[0].name} and {named[1].name} are two drafts of one name: remove one"
            )
        return named[0] if named else None

    def _declared(self, files: dict[Path, str]) -> str:
        """A database that the schema files have made."""
        url = new_database(self.server, f"{self.databases}_declared")
        apply_schema(url, files)
        return url

    def _migrated(self, draft: Path | None) -> str:
        """A database that the migrations have made, but for the draft."""
        url = new_database(self.server, f"{self.databases}_migrated")
        with tempfile.TemporaryDirectory() as directory:
            for file in self._migrations.glob("*.sql"):
                if file != draft:
                    shutil.copy(file, directory)
            migrate(url, directory=Path(directory), say=lambda _line: None)
        return url

    def _replace(self, draft: Path | None, files: dict[Path, str], number: str) -> None:
        """States the version in both files, and removes the draft."""
        code = version.stated_in_python(self.code, number)
        for file, content in files.items():
            file.write_text(content)
        self.code.write_text(code)
        if draft:
            draft.unlink()


def _version_after(newest: str) -> str:
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    if now <= newest:
        raise SchemaFilesWrong(f"the newest migration is of {newest}, later than now ({now})")
    return now


def _is_committed(file: Path) -> bool:
    """Whether HEAD has it; a file that is only in the index is not committed."""
    command = ["git", "ls-tree", "--name-only", "HEAD", "--", file.name]
    result = subprocess.run(command, cwd=file.parent, check=False, capture_output=True, text=True)
    return result.returncode == 0 and result.stdout != ""


def _body(files: dict[Path, str], migrated: str, declared: str) -> str:
    is_now, should_be = read_catalog_of(migrated), read_catalog_of(declared)
    statements = statements_between(migrated, declared)
    return migration_body(statements, row_statements(declared, is_now, should_be), files, is_now)


def _differences_left(text: str, migrated: str, declared: str) -> list[str]:
    """Applies the migration, and compares the two databases."""
    try:
        with psycopg.connect(migrated, connect_timeout=10) as connection:
            connection.execute(text.encode())
    except psycopg.Error as error:
        return [f"the migration does not apply: {error}"]
    return differences(read_catalog_of(migrated), read_catalog_of(declared))
