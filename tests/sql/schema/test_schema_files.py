"""supabase/schemas and supabase/migrations give the same database, and each kind of difference would be seen."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local.schema.catalog import Catalog, differences, read_catalog, read_catalog_of
from local.schema.files import (
    SUPABASE,
    SchemaFilesWrong,
    apply_schema,
    read_files,
    routines,
    schema_files,
)
from local.schema.migrations import migrate
from local.schema.scratch import new_database
from tests.sql.schema.schema_faults import FAULTS
from tests.support.backend import Backend

FILES = schema_files()
WITH_ONE_ROUTINE = [file for file in FILES if routines(file.read_text())]


@pytest.fixture(scope="module")
def migrated(backend: Backend) -> Catalog:
    """What a database holds that the migrations have made."""
    url = new_database(backend.server, f"{backend.database}_migrated")
    migrate(url, say=lambda _line: None)
    return read_catalog_of(url)


@pytest.fixture(scope="module")
def declared(backend: Backend) -> Iterator[psycopg.Connection]:
    """A database that the schema files have made, as its superuser sees it."""
    name = f"{backend.database}_declared"
    apply_schema(new_database(backend.server, name), read_files())
    url = backend.server.url(user="supabase_admin", database=name)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def test_the_files_and_the_migrations_give_the_same_database(
    migrated: Catalog, declared: psycopg.Connection
) -> None:
    assert differences(migrated, read_catalog(declared)) == []


@pytest.mark.parametrize("kind", FAULTS)
def test_a_difference_would_be_seen(
    migrated: Catalog, declared: psycopg.Connection, kind: str
) -> None:
    statement, changed, told = FAULTS[kind]
    with declared.transaction(force_rollback=True):
        declared.execute(statement.encode())
        found = differences(migrated, read_catalog(declared))
    assert [line for line in found if line.startswith(f"{changed}{_joint(told)}{told}")] != []


def _joint(told: str) -> str:
    """A line says that an object is missing, or after a colon which of its facts differ."""
    return " " if told in ("is missing", "should not be there") else ": "


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the supabase folder, to be changed."""
    return shutil.copytree(SUPABASE, tmp_path / "supabase")


def test_a_file_that_the_order_leaves_out_is_told(copy: Path) -> None:
    (copy / "schemas" / "forgotten.sql").write_text("select 1;")
    with pytest.raises(SchemaFilesWrong, match=r"no schema_paths .* finds .*/forgotten\.sql"):
        schema_files(copy)


def test_a_place_in_the_order_without_a_file_is_told(copy: Path) -> None:
    shutil.rmtree(copy / "schemas" / "seed")
    with pytest.raises(SchemaFilesWrong, match=r"names \./schemas/seed/\*\.sql"):
        schema_files(copy)


def test_a_file_that_does_not_apply_is_named(backend: Backend, copy: Path) -> None:
    (copy / "schemas" / "clock" / "clock.sql").write_text("create function nonsense;")
    url = new_database(backend.server, f"{backend.database}_declared_wrong")
    with pytest.raises(SchemaFilesWrong, match=r"clock\.sql: syntax error"):
        apply_schema(url, read_files(copy))


@pytest.mark.parametrize("file", WITH_ONE_ROUTINE, ids=lambda file: file.stem)
def test_a_file_has_one_function_and_its_name(file: Path) -> None:
    assert list(routines(file.read_text())) == [f"editai_{file.stem}"]


def test_no_two_files_define_one_function() -> None:
    names = [file.stem for file in WITH_ONE_ROUTINE]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_file_says_first_what_it_promises(file: Path) -> None:
    assert re.match(r"-- \S.*", file.read_text())
