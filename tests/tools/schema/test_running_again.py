"""`make migration` runs again: a draft gets the newest version, and nothing that a person wrote in it is lost."""

import subprocess
from pathlib import Path

import pytest

from local.schema.catalog import differences, read_catalog_of
from local.schema.files import SchemaFilesWrong, apply_schema, read_files
from local.schema.migrations import migrate
from local.schema.scratch import new_database
from local.schema.writing import Writer
from tests.support.backend import Backend
from tests.tools.schema.conftest import COUNT_CLIPS, Copy, write

OTHERS_TABLE = "create table public.editai_zz_other (id integer);\n"
CLOSED = "alter table public.editai_zz_other enable row level security;\n"


@pytest.fixture(scope="session")
def drafted(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Files with a draft that adds a function, with a version just after the newest migration's."""
    copy = Copy.make(tmp_path_factory.mktemp("drafted"))
    newest = copy.migrations[-1].name[:14]
    copy.schema("library/zz_count_clips").write_text(COUNT_CLIPS)
    renumbered(write(copy.writer(backend), "add_clip_count").file, f"{int(newest) + 1}")
    return copy


@pytest.fixture
def draft(copy: Copy, drafted: Copy) -> Path:
    """The draft, in files of the test's own."""
    copy.take(drafted)
    return copy.migrations[-1]


def renumbered(file: Path, version: str) -> Path:
    """The same file with another version in its name; what it contains stays."""
    return file.rename(file.with_name(f"{version}{file.name[14:]}"))


def stated(copy: Copy) -> set[str]:
    """The version in the three places."""
    return {
        copy.migrations[-1].name[:14],
        copy.code.read_text().partition('SCHEMA_VERSION = "')[2][:14],
        copy.schema("version/schema_version").read_text().partition("select '")[2][:14],
    }


def edit(draft: Path, old: str, new: str) -> None:
    text = draft.read_text()
    assert text.count(old) == 1
    draft.write_text(text.replace(old, new))


def test_the_reason_is_kept_and_the_statements_are_written_again(
    writer: Writer, copy: Copy, draft: Path
) -> None:
    edit(
        draft, "-- Add clip count.\n", "-- The page shows how many clips there are.\n-- In time.\n"
    )
    copy.edit("library/zz_count_clips", ("select count(*)", "select count(distinct c.id)"))
    again = write(writer, "add_clip_count")
    assert (again.replaced, again.kept, again.left) == (draft, False, [])
    assert not draft.exists()
    text = again.file.read_text()
    assert text.startswith("-- The page shows how many clips there are.\n-- In time.\n-- Written")
    assert "select count(distinct c.id)" in text


def test_statements_by_hand_are_kept_and_what_they_lack_is_named(
    writer: Writer, copy: Copy, draft: Path
) -> None:
    by_hand = "update public.editai_projects set name = trim(name);\n\nnotify pgrst"
    edit(draft, "notify pgrst", by_hand)
    once = write(writer, "add_clip_count")
    assert (once.kept, once.left) == (True, [])
    assert by_hand in once.file.read_text()
    copy.edit("library/update_project", ("set name = p_name,", "set name = trim(p_name),"))
    twice = write(writer, "add_clip_count")
    assert by_hand in twice.file.read_text()
    (left,) = twice.left
    assert "function public.editai_update_project(" in left


def test_the_command_says_what_became_of_the_draft(copy: Copy, draft: Path) -> None:
    second = written_by(copy, f"is written in place of {draft.name}")
    second = renumbered(second, f"{int(draft.name[:14]) + 1}")
    with second.open("a") as file:
        file.write("select 1;\n")
    written_by(copy, f"has the statements of {second.name}, which was changed by hand")


def written_by(copy: Copy, said: str) -> Path:
    result = copy.command("add_clip_count")
    assert result.returncode == 0, result.stderr
    assert f"{copy.migrations[-1]} {said}" in result.stdout
    return copy.migrations[-1]


def test_a_draft_is_newer_than_a_migration_that_came_in_between(
    writer: Writer, copy: Copy, draft: Path, backend: Backend
) -> None:
    """Another branch was merged first: its version is in the two files, and its migration is newer than the draft."""
    others = f"{int(draft.name[:14]) + 1}"
    (number,) = stated(copy) - {draft.name[:14]}
    for file in (copy.code, copy.schema("version/schema_version")):
        file.write_text(file.read_text().replace(number, others))
    with copy.schema("tables/storage_garbage").open("a") as table:
        table.write(OTHERS_TABLE + CLOSED)
    function = copy.schema("version/schema_version").read_text()
    (draft.parent / f"{others}_add_other.sql").write_text(
        OTHERS_TABLE + CLOSED + function.replace("create function", "create or replace function")
    )
    again = write(writer, "add_clip_count")
    assert again.left == []
    assert copy.migrations[-1] == again.file
    assert again.file.name[:14] > others
    assert stated(copy) == {again.file.name[:14]}
    assert "editai_zz_other" not in again.file.read_text()
    migrated = new_database(backend.server, f"{backend.database}_next_migrated")
    migrate(migrated, directory=draft.parent, say=lambda _line: None)
    declared = new_database(backend.server, f"{backend.database}_next_declared")
    apply_schema(declared, read_files(copy.supabase))
    assert differences(read_catalog_of(migrated), read_catalog_of(declared)) == []


def test_a_version_in_conflict_is_told_and_the_draft_stays(
    writer: Writer, copy: Copy, draft: Path
) -> None:
    code = copy.code.read_text()
    line = code[code.index("SCHEMA_VERSION = ") :].splitlines()[0]
    copy.code.write_text(
        code.replace(line, f"<<<<<<< HEAD\n{line}\n=======\n{line}\n>>>>>>> other")
    )
    with pytest.raises(SchemaFilesWrong, match=r"2 times, not once\. After a merge .* keep either"):
        writer.write("add_clip_count")
    assert copy.migrations[-1] == draft


def test_a_change_that_was_taken_back_takes_its_draft_and_version_along(
    writer: Writer, copy: Copy, draft: Path
) -> None:
    copy.schema("library/zz_count_clips").unlink()
    assert writer.write("add_clip_count") is None
    assert not draft.exists()
    assert stated(copy) == {copy.migrations[-1].name[:14]}


def test_a_draft_is_one_until_it_is_committed(writer: Writer, copy: Copy, draft: Path) -> None:
    git = ["git", "-C", str(copy.supabase), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    staged = write(writer, "add_clip_count").file
    assert not draft.exists()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=x"], check=True)
    with pytest.raises(SchemaFilesWrong, match="is committed already: choose another name"):
        writer.write("add_clip_count")
    subprocess.run([*git, "rm", "--quiet", "--cached", str(staged)], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=x"], check=True)
    assert write(writer, "add_clip_count").replaced == staged


def test_what_squawk_refuses_is_left_until_a_person_gives_the_reason(
    writer: Writer, copy: Copy
) -> None:
    """A function that goes for good may still be called by running code."""
    copy.schema("clips/list_exports").unlink()
    first = write(writer, "drop_listing")
    (left,) = first.left
    assert left.startswith("squawk refuses 'drop function public.editai_list_exports(")
    assert "`-- squawk-ignore ban-drop-function` above" in left
    reason = "-- No code calls it.\n-- squawk-ignore ban-drop-function\n"
    edit(first.file, "\ndrop function", f"\n{reason}drop function")
    second = write(writer, "drop_listing")
    assert (second.kept, second.left) == (True, [])
    assert reason in second.file.read_text()
