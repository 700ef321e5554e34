"""A change of supabase/schemas with one of everything, and the migration that the tool writes for it."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from local.schema.files import SUPABASE
from local.schema.version import CODE
from local.schema.writing import Writer, Written
from tests.support.backend import Backend


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of what `make migration` reads and writes."""

    supabase: Path
    code: Path

    @classmethod
    def make(cls, folder: Path) -> "Copy":
        supabase = shutil.copytree(SUPABASE, folder / "supabase")
        return cls(supabase=supabase, code=Path(shutil.copy(CODE, folder)))

    def take(self, other: "Copy") -> None:
        """Replaces all files by those of another copy."""
        shutil.copytree(other.supabase, self.supabase, dirs_exist_ok=True)
        shutil.copy(other.code, self.code)

    def writer(self, backend: Backend) -> Writer:
        """The tool on these files, with databases of this test process."""
        return Writer(
            server=backend.server,
            supabase=self.supabase,
            code=self.code,
            databases=f"{backend.database}_next",
        )

    @property
    def migrations(self) -> list[Path]:
        return sorted((self.supabase / "migrations").glob("*.sql"))

    def schema(self, name: str) -> Path:
        return self.supabase / "schemas" / f"{name}.sql"

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        """Replaces texts in a schema file, each of which is there once."""
        content = self.schema(name).read_text()
        for old, new in changes:
            assert content.count(old) == 1, (name, old)
            content = content.replace(old, new)
        self.schema(name).write_text(content)

    def command(self, name: str) -> subprocess.CompletedProcess[str]:
        """What `make migration NAME=…` runs."""
        command = [sys.executable, "-m", "local", "migration", name]
        command += ["--supabase", str(self.supabase), "--code", str(self.code)]
        return subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)


COUNT_CLIPS = """\
-- Returns how many clips a project has.
create function public.editai_zz_count_clips(p_project_id text) returns bigint
language sql stable security invoker set search_path = '' set statement_timeout = '2.3s' as $$
  select count(*) from public.editai_clips c where c.project_id = p_project_id
$$;
"""

NEW_TABLE = """\
create table public.editai_zz_notes (
  id uuid primary key,
  project_id text not null references public.editai_projects (id) on delete cascade,
  note text not null constraint editai_zz_notes_note_is_short check (char_length(note) < 100)
);
create index editai_zz_notes_by_project on public.editai_zz_notes (project_id);
alter table public.editai_zz_notes enable row level security;
"""

NEW_GRANTS = """\
revoke all on public.editai_zz_notes from public, anon, authenticated, service_role;
grant select on public.editai_zz_notes to service_role;
"""

# Columns may come after the table's constraints, so this stays the last column whatever columns the table gets.
LAST_COLUMN = """,
  zz_example smallint not null default 0
    constraint editai_jobs_zz_example_is_known check (zz_example between 0 and 9),
  constraint editai_jobs_zz_example_is_low check (zz_example <= max_attempts + 9)
);
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Files without a change."""
    return Copy.make(tmp_path)


@pytest.fixture
def writer(backend: Backend, copy: Copy) -> Writer:
    """The tool on a copy of the files."""
    return copy.writer(backend)


def write(writer: Writer, name: str = "change_something") -> Written:
    """Writes a migration; fails if there was nothing to write."""
    written = writer.write(name)
    assert written is not None
    return written


@dataclass(frozen=True, kw_only=True)
class Change:
    """Changed files, and what the command said when it wrote their migration."""

    copy: Copy
    result: subprocess.CompletedProcess[str]

    @property
    def migration(self) -> str:
        return self.copy.migrations[-1].read_text()

    @property
    def statements(self) -> str:
        """The migration on one line: the tool wraps a statement that is long."""
        return re.sub(r"\s+", " ", self.migration)


@pytest.fixture(scope="session")
def change(tmp_path_factory: pytest.TempPathFactory) -> Change:
    """One of everything. Its names start with zz_, so that no real change has made them already."""
    copy = Copy.make(tmp_path_factory.mktemp("change"))
    copy.edit(
        "tables/jobs",
        ("\n);\n", LAST_COLUMN),
        ("create index editai_jobs_newest on", "create index editai_jobs_zz_by_project on"),
    )
    copy.edit(
        "jobs/start_job",
        ("default null\n) returns", "default null,\n  p_zz_example integer default 0\n) returns"),
        ("insert into public.editai_jobs (\n", "insert into public.editai_jobs (zz_example,\n"),
        ("values (\n    p_job_id,", "values (p_zz_example,\n    p_job_id,"),
    )
    with copy.schema("jobs/start_job").open("a") as file:
        file.write("comment on function public.editai_start_job is 'starts a job';\n")
    copy.schema("library/zz_count_clips").write_text(COUNT_CLIPS)
    with copy.schema("tables/storage_garbage").open("a") as file:
        file.write(NEW_TABLE)
    with copy.schema("grants/tables").open("a") as file:
        file.write(NEW_GRANTS)
    copy.edit("library/update_project", ("set name = p_name,", "set name = trim(p_name),"))
    copy.edit(
        "seed/export_presets",
        ("'YouTube', 1920, 1080, 30, 19,", "'YouTube', 1920, 1080, 30, 18,"),
        ("values\n", "values\n  ('zz_example', 'Somebody''s', 1080, 1350, 30, 20, 8000, 192),\n"),
    )
    return Change(copy=copy, result=copy.command("add_zz_example"))
