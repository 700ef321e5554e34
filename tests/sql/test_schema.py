"""Rules that hold for the schema as a whole: Supabase's database lints, and our own conventions."""

import re
from typing import Any

import pytest

from local.migrations import MIGRATIONS
from tests.sql.client import SqlClient
from tests.sql.test_grants import CALLED_BY_THE_SERVICE
from tests.stack.database import Connection

FILES = sorted(MIGRATIONS.glob("*.sql"))

# Each finds what must not be; what it returns is the complaint.
LINTS = {
    "a foreign key without a covering index": """
        select conrelid::regclass::text as found, conname from pg_constraint c
        where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
          select 1 from pg_index i
          where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null
            and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey)
    """,
    "a table without row level security": """
        select relname as found from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity
    """,
    "a table without a policy": """
        select relname as found from pg_class c
        where relnamespace = 'public'::regnamespace and relkind = 'r'
          and not exists (select 1 from pg_policy p where p.polrelid = c.oid)
    """,
    "a policy that calls auth functions once a row": """
        select tablename as found, policyname from pg_policies
        where regexp_count(qual || coalesce(with_check, ''), 'auth\\.\\w+\\(')
           <> regexp_count(qual || coalesce(with_check, ''), 'SELECT auth\\.\\w+\\(')
    """,
    "two permissive policies for one role and action": """
        select tablename as found from pg_policies, unnest(roles) as role
        where schemaname = 'public' and permissive = 'PERMISSIVE'
        group by tablename, role
        having count(*) > count(distinct cmd) or (bool_or(cmd = 'ALL') and count(*) > 1)
    """,
    "a policy that lets users write anything": """
        select tablename as found, policyname from pg_policies
        where cmd <> 'SELECT' and roles && array['public', 'anon', 'authenticated']::name[]
    """,
    "a policy that trusts what a user may change": """
        select tablename as found from pg_policies
        where (qual || coalesce(with_check, '')) ~ 'user_metadata'
    """,
    "a table without a primary key": """
        select relname as found from pg_class c
        where relnamespace = 'public'::regnamespace and relkind = 'r'
          and not exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary)
    """,
    "two indexes for one purpose": """
        select min(indexrelid::regclass::text) as found from pg_index
        where indrelid::regclass::text like 'editai\\_%'
        group by indrelid, indkey, indpred::text, indexprs::text, indclass::text
        having count(*) > 1
    """,
    "an invalid index": "select indexrelid::regclass::text as found from pg_index where not indisvalid",
    "a function whose search_path its caller chooses": """
        select proname as found from pg_proc
        where pronamespace = 'public'::regnamespace
          and not coalesce('search_path=""' = any (proconfig), false)
    """,
    "a function that waits for locks without an end": """
        select proname as found from pg_proc
        where pronamespace = 'public'::regnamespace and prokind = 'f' and provolatile = 'v'
          and proconfig::text ~ 'statement_timeout' and proconfig::text !~ 'lock_timeout'
          and prosrc ~ '(insert into|update |delete from|for (no key )?update)'
    """,
    "an extension in the public schema": """
        select extname as found from pg_extension where extnamespace = 'public'::regnamespace
    """,
    "a view that runs with its owner's rights": """
        select relname as found from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
    """,
    "a table without autovacuum": """
        select relname as found from pg_class where 'autovacuum_enabled=false' = any (reloptions)
    """,
}


@pytest.mark.parametrize("lint", LINTS)
def test_there_is_no(admin: Connection, lint: str) -> None:
    assert admin.execute(LINTS[lint].encode()).fetchall() == []


@pytest.mark.parametrize("table", ["locks", "generation_progress"])
def test_a_row_that_is_written_each_second_has_no_index_but_its_keys(
    admin: Connection, table: str
) -> None:
    """Any other index would make its updates non-HOT: each would write to all of them."""
    rows = admin.execute(
        "select indisprimary from pg_index where indrelid = %s::regclass",
        [f"public.editai_{table}"],
    ).fetchall()
    assert rows == [{"indisprimary": True}]


@pytest.mark.parametrize("table", ["locks", "generation_progress"])
def test_updates_of_a_row_that_is_written_each_second_are_hot(
    admin: Connection, table: str
) -> None:
    name = f"public.editai_{table}"
    admin.execute(
        "insert into editai_projects (id, owner_id, name) values ('p', %s, 'x')", [UUID_0]
    )
    admin.execute(
        "insert into editai_generation_progress (project_id) values ('p');"
        if table == "generation_progress"
        else "insert into editai_locks (project_id, lease_id, holder, fencing_token, acquired_at,"
        " expires_at) values ('p', gen_random_uuid(), 'x', 1, now(), now())"
    )
    before = updates(admin, name)
    column = "percentage" if table == "generation_progress" else "fencing_token"
    for value in range(100):
        admin.execute(f"update {name} set {column} = %s".encode(), [value])  # noqa: S608
    after = updates(admin, name)
    assert after["all"] - before["all"] == after["hot"] - before["hot"] == 100


UUID_0 = "00000000-0000-0000-0000-000000000000"


def updates(admin: Connection, table: str) -> dict[str, Any]:
    admin.execute("select pg_stat_force_next_flush()")
    row = admin.execute(
        "select pg_stat_get_tuples_updated(%(t)s::regclass) as all,"
        " pg_stat_get_tuples_hot_updated(%(t)s::regclass) as hot",
        {"t": table},
    ).fetchone()
    assert row is not None
    return row


def test_realtime_tells_of_progress_and_nothing_else(admin: Connection) -> None:
    rows = admin.execute(
        "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    ).fetchall()
    assert rows == [{"tablename": "editai_generation_progress"}]


def test_the_progress_table_has_the_agreed_columns(admin: Connection) -> None:
    rows = admin.execute(
        "select column_name as name, data_type as type, is_nullable as nullable, column_default as default"
        " from information_schema.columns where table_name = 'editai_generation_progress'"
    ).fetchall()
    columns = {row["name"]: (row["type"], row["nullable"], row["default"]) for row in rows}
    assert columns == {
        "project_id": ("text", "NO", None),
        "percentage": ("integer", "NO", "0"),
        "current_step": ("text", "NO", "''::text"),
        "estimated_remaining": ("integer", "YES", None),
        "updated_at": ("timestamp with time zone", "NO", "now()"),
        "fencing_token": ("bigint", "YES", None),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_migration_is_named_by_time_and_deed_and_tells_the_api(file: Any) -> None:
    assert re.fullmatch(r"\d{14}_[a-z]+(_[a-z]+)+", file.stem)
    text = file.read_text()
    assert text.startswith("-- ")
    assert text.rstrip().endswith("notify pgrst, 'reload schema';")
    if re.search(r"^create (or replace )?function", text, re.MULTILINE):
        assert "call public.editai_restrict_functions();" in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_function_says_above_it_what_it_promises(file: Any) -> None:
    lines = file.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"create (function|procedure)", line)]
    assert [lines[i] for i in starts if not lines[i - 1].startswith("-- ")] == []


def test_the_only_clock_is_ours(admin: Connection) -> None:
    """In functions, that is; the default of progress.updated_at is the agreed one, which no function uses."""
    rows = admin.execute(
        "select proname as name from pg_proc where pronamespace = 'public'::regnamespace"
        " and prokind = 'f' and proname <> 'editai_clock'"
        " and prosrc ~ '\\m(now|clock_timestamp|statement_timestamp|current_timestamp)\\M'"
    ).fetchall()
    assert rows == []


NOT_A_CLIENTS_BUSINESS = {
    "clock", "ttl", "grant_lease", "hold_lease", "hold_job", "refusal", "end_job",
    "supersede_jobs", "has_too_many_jobs", "fail_exhausted_job", "schema_version",
}  # fmt: skip


def test_every_function_of_leases_jobs_and_rows_has_its_method_in_the_test_client() -> None:
    without = {name for name in CALLED_BY_THE_SERVICE if not hasattr(SqlClient, name)}
    assert without == NOT_A_CLIENTS_BUSINESS
