"""Rules that hold for the schema as a whole and that Supabase's own linter does not know.

That one runs in tests/sql/supabase_cli/test_db_advisors.py.
"""

import re
from typing import Any

import pytest
from psycopg import sql as text

from local.schema.files import SUPABASE
from local.schema.migrations import MIGRATIONS
from tests.sql.client import SqlClient
from tests.sql.schema.test_grants import CALLED_BY_THE_SERVICE
from tests.support.database import Connection

FILES = sorted(MIGRATIONS.glob("*.sql"))

# Each finds what must not be; what it returns is the complaint.
LINTS = {
    # The linter asks so of what anon or authenticated may read now; ours asks of all.
    "a table without row level security": """
        select relname as found from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity
    """,
    "a policy that lets users write anything": """
        select tablename as found, policyname from pg_policies
        where cmd <> 'SELECT' and roles && array['public', 'anon', 'authenticated']::name[]
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
    # PostgREST refuses a call that fits both with 300 (PGRST203).
    "function of which there are two": """
        select proname as found from pg_proc
        where pronamespace = 'public'::regnamespace and proname like 'editai\\_%'
        group by proname having count(*) > 1
    """,
    "a table without autovacuum": """
        select relname as found from pg_class where 'autovacuum_enabled=false' = any (reloptions)
    """,
}


@pytest.mark.parametrize("lint", LINTS)
def test_the_schema_has_no(admin: Connection, lint: str) -> None:
    assert admin.execute(LINTS[lint].encode()).fetchall() == []


def test_an_overload_would_be_seen(admin: Connection) -> None:
    """What `create or replace` makes when it is given one parameter more."""
    arguments = admin.execute(
        "select pg_get_function_arguments('editai_ttl'::regproc) as all"
    ).fetchone()
    assert arguments is not None
    create = text.SQL(
        "create or replace function public.editai_ttl({}, p_note text default '') returns interval"
        " language sql as 'select null::interval'"
    ).format(text.SQL(arguments["all"]))
    with admin.transaction(force_rollback=True):
        admin.execute(create)
        found = admin.execute(LINTS["function of which there are two"].encode()).fetchall()
    assert found == [{"found": "editai_ttl"}]


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
    update = text.SQL("update {} set {} = %s").format(
        text.Identifier(f"editai_{table}"), text.Identifier(column)
    )
    for value in range(100):
        admin.execute(update, [value])
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


def test_realtime_publishes_progress_and_nothing_else(admin: Connection) -> None:
    rows = admin.execute(
        "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    ).fetchall()
    assert rows == [{"tablename": "editai_generation_progress"}]


def test_realtime_publishes_every_row_and_column_of_progress(admin: Connection) -> None:
    """What a listener gets is then for row level security, which lets it read its own projects alone."""
    row = admin.execute(
        "select p.attnames, p.rowfilter, c.relrowsecurity from pg_publication_tables p"
        " join pg_class c on c.oid = 'public.editai_generation_progress'::regclass"
        " where p.pubname = 'supabase_realtime'"
    ).fetchone()
    assert row == {
        "attnames": [
            *("project_id", "percentage", "current_step", "estimated_remaining", "updated_at"),
            *("fencing_token", "checkpoint_percentage", "changed_at"),
        ],
        "rowfilter": None,
        "relrowsecurity": True,
    }


def test_realtime_publishes_only_the_key_of_a_deleted_row(admin: Connection) -> None:
    """Deletions reach every signed-in listener: row level security does not hold them back."""
    rows = admin.execute(
        "select relname, relreplident from pg_class c join pg_publication_rel r on r.prrelid = c.oid"
    ).fetchall()
    assert rows == [{"relname": "editai_generation_progress", "relreplident": "d"}]


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
        "checkpoint_percentage": ("integer", "NO", "0"),
        "changed_at": ("timestamp with time zone", "YES", None),
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_migration_is_named_by_time_and_action_and_notifies_postgrest(file: Any) -> None:
    assert re.fullmatch(r"\d{14}_[a-z]+(_[a-z]+)+", file.stem)
    content = file.read_text()
    assert content.startswith("-- ")
    assert content.rstrip().endswith("notify pgrst, 'reload schema';")
    if re.search(r"^create (or replace )?function", content, re.MULTILINE):
        assert "call public.editai_restrict_functions();" in content


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_function_has_a_comment_above_it(file: Any) -> None:
    lines = file.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"create (function|procedure)", line)]
    assert [lines[i] for i in starts if not lines[i - 1].startswith("-- ")] == []


def test_the_only_clock_is_editai_clock(admin: Connection) -> None:
    """In functions, that is; the default of progress.updated_at is the agreed one, which no function uses."""
    rows = admin.execute(
        "select proname as name from pg_proc where pronamespace = 'public'::regnamespace"
        " and prokind = 'f' and proname <> 'editai_clock'"
        " and prosrc ~ '\\m(now|clock_timestamp|statement_timestamp|current_timestamp)\\M'"
    ).fetchall()
    assert rows == []


RETIRED = {file.stem for file in (SUPABASE / "schemas" / "retired").glob("*.sql")}


def test_no_function_calls_a_retired_one(admin: Connection) -> None:
    """So that the next release can drop them; they may call each other."""
    rows = admin.execute(
        "select distinct caller.proname as name from pg_proc caller"
        " join unnest(%s::text[]) as retired on position('editai_' || retired || '(' in caller.prosrc) > 0"
        " where caller.pronamespace = 'public'::regnamespace",
        [sorted(RETIRED)],
    ).fetchall()
    assert {row["name"].removeprefix("editai_") for row in rows} <= RETIRED


NOT_A_CLIENTS_BUSINESS = {
    "clock", "ttl", "begin_progress", "current_lease", "grant_lease", "lock_live_lease", "lock_job_lease",
    "lock_project", "loss_reason", "end_job", "supersede_jobs", "source_removal_times", "job_removal_times",
    "has_too_many_jobs", "fail_exhausted_job", "requeue_job", "reclaim_lease", "schema_version",
    "note_job_event", "job_cost", "is_name", "lock_owner", "take_rate", "bucket_rate", "current_rate",
    "forget_key_progress", "forget_progress", "resume_progress", *RETIRED,
    # tested where they are used, in tests/api/webhooks
    "claim_delivery", "cleanup_deliveries", "create_webhook", "delete_webhook", "list_deliveries", "list_webhooks",
    "queue_deliveries", "record_delivery", "redeliver", "rotate_webhook_secret",
}  # fmt: skip


def test_every_function_of_leases_jobs_and_rows_has_its_method_in_the_test_client() -> None:
    without = {name for name in CALLED_BY_THE_SERVICE if not hasattr(SqlClient, name)}
    assert without == NOT_A_CLIENTS_BUSINESS
