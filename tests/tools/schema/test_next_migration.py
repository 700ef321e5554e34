"""`make migration` writes what supabase/schemas has and the migrations do not give, and says what it cannot write."""

import re
import subprocess

import psycopg
import pytest

from local.schema.catalog import differences, read_catalog_of
from local.schema.files import SchemaFilesWrong, apply_schema, read_files
from local.schema.migrations import migrate
from local.schema.scratch import new_database
from local.schema.writing import Writer, Written
from tests.support.backend import Backend
from tests.tools.schema.conftest import COUNT_CLIPS, Change, Copy


@pytest.fixture
def writer(backend: Backend, copy: Copy) -> Writer:
    """The tool on a copy of the files, with databases of this test process."""
    return Writer(
        server=backend.server,
        supabase=copy.supabase,
        code=copy.code,
        databases=f"{backend.database}_next",
    )


def test_a_change_of_everything_is_written_whole(change: Change, backend: Backend) -> None:
    """The same rights, too, where a database grants nothing by default, as those of newer Supabase projects do."""
    assert change.result.returncode == 0, change.result.stderr
    file = change.copy.migrations[-1]
    assert re.fullmatch(r"\d{14}_add_job_priority\.sql", file.name)
    assert f"{file} is written." in change.result.stdout
    declared = new_database(backend.server, f"{backend.database}_next_declared")
    apply_schema(declared, read_files(change.copy.supabase))
    migrated = new_database(backend.server, f"{backend.database}_next_migrated")
    grant_nothing_by_default(migrated)
    migrate(migrated, directory=file.parent, say=lambda _line: None)
    found = differences(read_catalog_of(migrated), read_catalog_of(declared))
    assert [line for line in found if not line.startswith("default privileges of")] == []


def grant_nothing_by_default(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for kind in ("tables", "functions", "sequences"):
            connection.execute(
                f"alter default privileges for role postgres in schema public revoke all on {kind}"
                f" from anon, authenticated, service_role".encode()
            )


def test_earlier_migrations_stay_as_they_are(change: Change, copy: Copy) -> None:
    earlier = change.copy.migrations[:-1]
    assert [file.read_text() for file in earlier] == [file.read_text() for file in copy.migrations]


def test_a_signature_is_changed_by_drop_and_create(change: Change) -> None:
    drop = change.migration.index("drop function public.editai_start_job(")
    create = change.migration.index("create function public.editai_start_job(\n")
    assert drop < create
    comment = "comment on function public.editai_start_job("
    assert change.migration.index(comment) > create


def test_a_changed_body_is_replaced_in_the_words_of_its_file(change: Change) -> None:
    file = change.copy.schema("library/update_project").read_text()
    assert file.replace("create function", "create or replace function") in change.migration


def test_a_new_function_comes_with_its_comment_and_without_rights_for_others(
    change: Change,
) -> None:
    assert f"\n{COUNT_CLIPS}" in change.migration
    assert change.migration.endswith(
        "\ncall public.editai_restrict_functions();\n\nnotify pgrst, 'reload schema';\n"
    )


def test_a_function_without_a_file_is_dropped(change: Change) -> None:
    assert "drop function public.editai_list_exports(uuid, uuid, integer, " in change.migration


def test_a_column_comes_with_its_constraint_and_index(change: Change) -> None:
    flat = re.sub(r"\s+", " ", change.migration)
    assert "alter table public.editai_jobs add column priority integer not null default 0;" in flat
    assert "add constraint editai_jobs_priority_is_known check" in flat
    assert "create index editai_jobs_by_priority on public.editai_jobs" in flat


def test_rows_are_added_and_changed(change: Change) -> None:
    assert (
        "values ('threads', 'Meta''s Threads', 1080, 1350, 30, 20, 8000, 192)" in change.migration
    )
    assert "values ('youtube', 'YouTube', 1920, 1080, 30, 18, 12000, 192)" in change.migration
    assert change.migration.count("insert into public.editai_export_presets") == 2


def test_the_version_is_stated_in_all_three_places(change: Change) -> None:
    version = change.copy.migrations[-1].name[:14]
    assert f'\nSCHEMA_VERSION = "{version}"\n' in change.copy.code.read_text()
    stated = f"select '{version}'\n"
    assert stated in change.copy.schema("version/schema_version").read_text()
    assert stated in change.migration


def test_nothing_is_written_where_nothing_has_changed(writer: Writer, copy: Copy) -> None:
    before = [*copy.migrations, copy.code.read_text()]
    assert writer.write("change_nothing") is None
    assert [*copy.migrations, copy.code.read_text()] == before


def write(writer: Writer, name: str = "change_something") -> Written:
    written = writer.write(name)
    assert written is not None
    return written


def test_what_needs_a_statement_by_hand_is_named(writer: Writer, copy: Copy) -> None:
    """A preset that is in use cannot just go, and a column cannot come before others."""
    copy.edit(
        "seed/export_presets", ("  ('tiktok', 'TikTok', 1080, 1920, 30, 20, 8000, 192),\n", "")
    )
    copy.edit(
        "tables/jobs", ("  kind text not null\n", "  priority integer,\n  kind text not null\n")
    )
    left = write(writer).left
    assert "row public.editai_export_presets tiktok should not be there" in left
    assert "column public.editai_jobs.priority: position is 18, not 3" in left


def test_a_migration_that_does_not_apply_is_told(writer: Writer, copy: Copy) -> None:
    """Postgres casts no time to a number: a person has to say how."""
    copy.edit(
        "tables/storage_garbage",
        (
            "created_at timestamptz not null default public.editai_clock()",
            "created_at bigint not null",
        ),
    )
    (left,) = write(writer).left
    assert left.startswith("the migration does not apply: ")
    assert "cannot cast type timestamp with time zone to bigint" in left


def test_a_draft_is_replaced_until_git_knows_it(writer: Writer, copy: Copy) -> None:
    draft = copy.migrations[-1].with_name("20991231235959_add_note.sql")
    draft.write_text("create table public.editai_notes ();")
    git = ["git", "-C", str(copy.supabase)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    with pytest.raises(SchemaFilesWrong, match="is in git already"):
        writer.write("add_note")
    subprocess.run([*git, "rm", "--quiet", "--cached", str(draft)], check=True)
    assert writer.write("add_note") is None
    assert not draft.exists()


def test_a_name_that_says_nothing_is_refused(writer: Writer) -> None:
    with pytest.raises(SchemaFilesWrong, match="named by verb and noun"):
        writer.write("priority")
