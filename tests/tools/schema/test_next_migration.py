"""`make migration` writes what supabase/schemas has and the migrations do not give, and says what it cannot write."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from local.programs import CHECKOUT, script
from local.schema.catalog import differences, read_catalog_of
from local.schema.files import SchemaFilesWrong, apply_schema, read_files
from local.schema.migrations import migrate
from local.schema.scratch import new_database
from local.schema.writing import Writer
from tests.support.backend import Backend
from tests.tools.schema.conftest import COUNT_CLIPS, Change, Copy, write


def test_a_change_of_everything_is_written_whole(change: Change, backend: Backend) -> None:
    """The same rights, too, where a database grants nothing by default, as those of newer Supabase projects do."""
    assert change.result.returncode == 0, change.result.stderr
    file = change.copy.migrations[-1]
    assert re.fullmatch(r"\d{14}_add_zz_example\.sql", file.name)
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
    drop = change.statements.index("drop function public.editai_start_job(")
    create = change.statements.index(" create function public.editai_start_job( ")
    comment = change.statements.index("comment on function public.editai_start_job(")
    assert drop < create < comment


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


def test_a_column_comes_with_its_constraint_and_index(change: Change) -> None:
    """The check of the column alone is in the same statement, which then reads no rows."""
    column = change.statements.partition("add column zz_example smallint not null default 0 ")[2]
    assert column.startswith("constraint editai_jobs_zz_example_is_known check (((zz_example >= 0)")
    assert "add constraint editai_jobs_zz_example_is_known" not in change.statements
    assert "add constraint editai_jobs_zz_example_is_low check" in change.statements
    assert "create index editai_jobs_zz_by_project on public.editai_jobs" in change.statements
    assert "create table public.editai_zz_notes (" in change.statements


def test_rows_are_added_and_changed(change: Change) -> None:
    added = "values ('zz_example', 'Somebody''s', 1080, 1350, 30, 20, 8000, 192)"
    assert added in change.statements
    assert "values ('youtube', 'YouTube', 1920, 1080, 30, 18, 12000, 192)" in change.statements
    assert change.statements.count("insert into public.editai_export_presets") == 2


def squawk(file: Path) -> str:
    """What `make lint` says of a migration."""
    command = [script("squawk"), "--reporter", "gcc", str(file)]
    result = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stderr
    return result.stdout


def test_squawk_finds_nothing_in_a_draft_and_each_exception_has_its_reason(change: Change) -> None:
    assert squawk(change.copy.migrations[-1]) == ""
    lines = change.migration.splitlines()
    ignored = [at for at, line in enumerate(lines) if "-- squawk-ignore " in line]
    assert {lines[at].split()[-1] for at in ignored} == {
        "ban-drop-function",
        "constraint-missing-not-valid",
        "prefer-bigint-over-smallint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
    }
    assert [at for at in ignored if not lines[at - 1].strip().startswith("-- ")] == []


def test_squawk_refuses_the_same_draft_without_its_exceptions(
    change: Change, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.sql"
    bare.write_text(re.sub(r"-- squawk-ignore .*", "--", change.migration))
    assert squawk(bare).count("ban-drop-function") == 1
    assert squawk(bare).count("constraint-missing-not-valid") == 1


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


def test_what_needs_a_statement_by_hand_is_named(writer: Writer, copy: Copy) -> None:
    """A preset that is in use cannot just go, and a column cannot come before others."""
    copy.edit(
        "seed/export_presets", ("  ('tiktok', 'TikTok', 1080, 1920, 30, 20, 8000, 192),\n", "")
    )
    copy.edit(
        "tables/jobs", ("  kind text not null\n", "  zz_example integer,\n  kind text not null\n")
    )
    left = write(writer).left
    assert "row public.editai_export_presets tiktok should not be there" in left
    catalog = read_catalog_of(writer.server.url(database=f"{writer.databases}_migrated"))
    last = sum(name.startswith("column public.editai_jobs.") for name in catalog)
    assert f"column public.editai_jobs.zz_example: position is {last}, not 3" in left


def test_a_migration_that_does_not_apply_is_told(writer: Writer, copy: Copy) -> None:
    """Postgres casts no time to a number: a person has to say how."""
    copy.edit(
        "tables/storage_garbage",
        (
            "created_at timestamptz not null default public.editai_clock()",
            "created_at bigint not null",
        ),
    )
    left, *findings = write(writer).left
    assert left.startswith("the migration does not apply: ")
    assert "cannot cast type timestamp with time zone to bigint" in left
    assert [line for line in findings if "squawk-ignore changing-column-type" in line] != []


def test_a_name_that_says_nothing_is_refused(writer: Writer) -> None:
    with pytest.raises(SchemaFilesWrong, match="named by verb and noun"):
        writer.write("priority")
