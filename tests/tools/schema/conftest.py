"""A change of supabase/schemas with one of everything, and the migration that the tool writes for it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from local.schema.files import SUPABASE
from local.schema.version import CODE


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of what `make migration` reads and writes."""

    supabase: Path
    code: Path

    @classmethod
    def make(cls, folder: Path) -> "Copy":
        supabase = shutil.copytree(SUPABASE, folder / "supabase")
        return cls(supabase=supabase, code=Path(shutil.copy(CODE, folder)))

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
create function public.editai_count_clips(p_project_id text) returns bigint
language sql stable security invoker set search_path = '' set statement_timeout = '8s' as $$
  select count(*) from public.editai_clips c where c.project_id = p_project_id
$$;
"""


PRIORITY_COLUMN = """\
  finished_at timestamptz,
  priority integer not null default 0
    constraint editai_jobs_priority_is_known check (priority between 0 and 9),
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Files without a change."""
    return Copy.make(tmp_path)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Changed files, and what the command said when it wrote their migration."""

    copy: Copy
    result: subprocess.CompletedProcess[str]

    @property
    def migration(self) -> str:
        return self.copy.migrations[-1].read_text()


@pytest.fixture(scope="session")
def change(tmp_path_factory: pytest.TempPathFactory) -> Change:
    """A job gets a priority, and there is a new function, one function less, another body, and other presets."""
    copy = Copy.make(tmp_path_factory.mktemp("change"))
    copy.edit("tables/jobs", ("  finished_at timestamptz,\n", PRIORITY_COLUMN))
    with copy.schema("tables/jobs").open("a") as file:
        file.write("create index editai_jobs_by_priority on public.editai_jobs (priority);\n")
    last_parameter = "  p_max_active_jobs integer default null,\n"
    copy.edit(
        "jobs/start_job",
        (last_parameter, f"{last_parameter}  p_priority integer default 0,\n"),
        (", request_hash)\n  values", ", request_hash, priority)\n  values"),
        (", p_request_hash)\n  returning", ", p_request_hash, p_priority)\n  returning"),
    )
    with copy.schema("jobs/start_job").open("a") as file:
        file.write("comment on function public.editai_start_job is 'starts a job';\n")
    copy.schema("library/count_clips").write_text(COUNT_CLIPS)
    copy.schema("library/list_exports").unlink()
    copy.edit("library/update_project", ("set name = p_name,", "set name = trim(p_name),"))
    copy.edit(
        "seed/export_presets",
        ("'YouTube', 1920, 1080, 30, 19,", "'YouTube', 1920, 1080, 30, 18,"),
        ("12000, 192);", "12000, 192),\n  ('threads', 'Meta''s Threads', 1080, 1350, 30, 20, 8000, 192);"),
    )  # fmt: skip
    return Change(copy=copy, result=copy.command("add_job_priority"))
