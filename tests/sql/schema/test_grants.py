"""Which role may do what, read from the catalog: an object without an entry here fails the test."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql as text

from shared.jobs.records import Lease
from tests.sql import catalog
from tests.sql.client import SqlClient
from tests.sql.values import Rows
from tests.support.database import Connection, Database

ROLES = ("anon", "owner", "stranger", "service_role")
API_ROLES = ("public", "anon", "authenticated", "service_role")
ACTIONS = ("select", "insert", "update", "delete")

READ = {"select"}

RIGHTS: Mapping[str, Mapping[str, set[str]]] = {
    "projects": {"owner": READ, "service_role": set(ACTIONS)},
    "sources": {"owner": READ, "service_role": set(ACTIONS)},
    "jobs": {"owner": READ, "service_role": set(ACTIONS)},
    "clips": {"owner": READ, "service_role": set(ACTIONS)},
    "exports": {"owner": READ, "service_role": {"select", "insert", "delete"}},
    "locks": {"owner": READ, "service_role": set(ACTIONS)},
    "generation_progress": {"owner": READ, "service_role": set(ACTIONS)},
    "export_presets": {"owner": READ, "service_role": READ},
    "storage_garbage": {"service_role": {"select", "insert", "delete"}},
    "job_events": {"service_role": {"select", "insert"}},
    "cleanup_runs": {"service_role": {"select", "insert", "update"}},
    "drains": {"service_role": {"select", "insert", "delete"}},
    "ops_jobs": {"service_role": READ},
    "ops_leases": {"service_role": READ},
    "ops_queue": {"service_role": READ},
    "ops_cleanup": {"service_role": READ},
    "rates": {"service_role": {"select", "insert", "update"}},
    "webhooks": {"service_role": set(ACTIONS)},
    "webhook_deliveries": {"service_role": set(ACTIONS)},
}
"""Nothing for anon. A stranger has the same right as the owner, and sees no row. The service role has what the SQL
functions need of it."""

HIDDEN_COLUMNS = {"locks": {"lease_id", "holder"}}
"""What a table's readers do not see of it."""

CALLED_BY_THE_SERVICE = {
    "has_file", "is_name",
    "acquire_lease", "cancel_job", "check_project", "claim_job", "cleanup_leases",
    "cleanup_jobs", "cleanup_uploads", "clear_progress", "clock", "confirm_source", "create_project",
    "create_source", "current_lease", "delete_clip", "delete_export", "delete_project", "delete_source",
    "discard_outputs", "end_job",
    "expire_idempotency_keys", "fail_exhausted_job",
    "announce_upload", "begin_progress", "finish_job", "forget_storage_garbage", "grant_lease", "heartbeat",
    "hold_job", "hold_lease", "lock_job_lease", "lock_live_lease", "lock_project", "loss_reason",
    "get_source", "has_too_many_jobs", "list_clips", "list_exports", "list_jobs", "list_projects", "list_sources",
    "job_removals", "job_removal_times", "list_storage_garbage", "read_progress", "read_progress_of", "removals",
    "reclaim_lease", "record_clip", "refusal", "release_lease", "renew_lease", "requeue_job", "schema_version",
    "resume_progress", "return_job",
    "abandon_job", "drain", "note_job_event", "record_cleanup", "requeue_by_operator", "resume",
    "forget_key_progress", "forget_progress", "record_checkpoint",
    "source_removal_times", "start_job", "supersede_jobs",
    "job_cost", "next_job",
    "begin_confirm", "bucket_rate", "current_rate", "lock_owner", "take_rate",
    "claim_delivery", "cleanup_deliveries", "create_webhook", "delete_webhook", "list_deliveries", "list_webhooks",
    "queue_deliveries", "record_delivery", "redeliver", "rotate_webhook_secret",
    "ttl", "update_clip", "update_project",
}  # fmt: skip
CALLED_BY_MIGRATIONS = {"restrict_functions", "schedule_cleanup"}
CALLED_BY_PG_CRON = {"prune_history", "run_cleanup"}
PROCEDURES = CALLED_BY_MIGRATIONS | CALLED_BY_PG_CRON
SEQUENCES = {"fencing_tokens", "row_numbers", "storage_garbage_id_seq"}

OWNER = UUID(int=7)


@pytest.fixture
def connect(database: Database) -> Callable[[str], Connection]:
    """Opens a connection as one of ROLES."""
    users = {"owner": OWNER, "stranger": UUID(int=8)}

    def open_as(role: str) -> Connection:
        if role in users:
            return database.connect("authenticated", user_id=str(users[role]))
        return database.connect(role)

    return open_as


@pytest.fixture
def filled(sql: SqlClient, lease: Lease, admin: Connection, rows: Rows) -> None:
    """At least one row of the owner in every table."""
    sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    admin.execute(
        "insert into editai_exports (project_id, clip_id, job_id, preset, options, storage_path,"
        " thumbnail_path, duration_seconds, size_bytes, width, height, frame_rate)"
        " select project_id, id, job_id, 'tiktok', '{}', storage_path, thumbnail_path, 1, 1, 1, 1, 1"
        " from editai_clips"
    )
    admin.execute(
        "insert into editai_storage_garbage (project_id, prefix, not_before)"
        " select id, id || '/jobs/', now() from editai_projects"
    )
    sql.record_cleanup()
    sql.drain("worker elsewhere")
    sql.one("take_rate", owner_id=OWNER, action="start", per_minute=1)
    admin.execute(
        "insert into editai_webhooks (owner_id, events) select owner_id, '{}' from editai_projects"
    )
    admin.execute(
        "insert into editai_webhook_deliveries (webhook_id, project_id, job_id, url, type, payload)"
        " select w.id, j.project_id, j.id, 'https://app.example/', 'job.completed', '{}'"
        " from editai_webhooks w, editai_jobs j"
    )
    assert all(rows(table) for table in RIGHTS)


def expected_grants(connection: Connection) -> catalog.Grants:
    """The grants of a migrated database, as they are written down above."""
    grants: dict[str, Mapping[str, set[str]]] = {
        "schema public": {role: {"USAGE"} for role in API_ROLES},
        "schema supabase_migrations": {},
        "table supabase_migrations.schema_migrations": {},
    }
    for table, rights in RIGHTS.items():
        name = f"public.editai_{table}"
        hidden = table in HIDDEN_COLUMNS
        readers = {} if hidden or "owner" not in rights else {"authenticated": {"SELECT"}}
        service = {action.upper() for action in rights["service_role"]}
        grants[f"table {name}"] = {**readers, "service_role": service}
        for column in visible_columns(connection, table) if hidden else ():
            grants[f"column {name}.{column}"] = {"authenticated": {"SELECT"}}
    for function in CALLED_BY_THE_SERVICE:
        grants[f"function public.editai_{function}"] = {"service_role": {"EXECUTE"}}
    for procedure in PROCEDURES:
        grants[f"procedure public.editai_{procedure}"] = {}
    for sequence in SEQUENCES:
        grants[f"sequence public.editai_{sequence}"] = {"service_role": {"USAGE"}}
    return grants


def test_everything_that_migrations_make_grants_exactly_what_is_written(admin: Connection) -> None:
    assert catalog.grants(admin) == expected_grants(admin)


@pytest.mark.parametrize(
    ("newcomer", "grants"),
    [
        ("create schema newcomer", {"schema newcomer": {}}),
        ("create table public.newcomer ()", {"table public.newcomer": {}}),
        ("create view public.newcomer as select 1", {"table public.newcomer": {}}),
        ("create sequence public.newcomer", {"sequence public.newcomer": {}}),
        (
            "create function public.newcomer() returns void language sql begin atomic end",
            {"function public.newcomer": {"public": {"EXECUTE"}}},
        ),
        (
            "grant update (name) on public.editai_projects to anon with grant option",
            {"column public.editai_projects.name": {"anon": {"UPDATE with grant option"}}},
        ),
    ],
)
def test_a_new_object_without_an_entry_would_be_found(
    admin: Connection, newcomer: str, grants: catalog.Grants
) -> None:
    expected = expected_grants(admin)
    with admin.transaction(force_rollback=True):
        admin.execute(newcomer.encode())
        assert catalog.grants(admin) == {**expected, **grants}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", RIGHTS)
def test_a_table_allows_exactly_what_is_written(
    filled: None, connect: Callable[[str], Connection], table: str, role: str
) -> None:
    connection = connect(role)
    allowed = {action for action in ACTIONS if is_allowed(connection, action, table)}
    assert allowed == RIGHTS[table].get("owner" if role == "stranger" else role, set())


def is_allowed(connection: Connection, action: str, table: str) -> bool:
    """Tries an action on a table in a transaction that is undone."""
    name = text.Identifier("public", f"editai_{table}")
    column = text.Identifier(visible_columns(connection, table)[0])
    statement = {
        "select": text.SQL("select {column} from {name}"),
        "insert": text.SQL("insert into {name} default values"),
        "update": text.SQL("update {name} set {column} = default"),
        "delete": text.SQL("delete from {name}"),
    }[action]
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.format(name=name, column=column))
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState):
        return False  # the second: a view over several tables
    except psycopg.errors.IntegrityError:
        pass  # allowed, if only it had fitted
    return True


def visible_columns(connection: Connection, table: str) -> list[str]:
    query = (
        "select attname as name from pg_attribute where attrelid = %s::regclass and attnum > 0"
        " and not attisdropped order by attnum"
    )
    rows = connection.execute(query, [f"public.editai_{table}"]).fetchall()
    return [row["name"] for row in rows if row["name"] not in HIDDEN_COLUMNS.get(table, set())]


@pytest.mark.parametrize("table", sorted(RIGHTS))
def test_an_owner_sees_its_rows_and_a_stranger_none(
    filled: None, connect: Callable[[str], Connection], table: str
) -> None:
    if "owner" not in RIGHTS[table]:
        return
    query = text.SQL("select {columns} from {name}").format(
        columns=text.SQL(", ").join(map(text.Identifier, visible_columns(connect("owner"), table))),
        name=text.Identifier("public", f"editai_{table}"),
    )
    for_all = table == "export_presets"
    assert connect("owner").execute(query).fetchall()
    assert bool(connect("stranger").execute(query).fetchall()) == for_all


@pytest.mark.parametrize("table", HIDDEN_COLUMNS)
def test_a_user_cannot_read_a_hidden_column(
    filled: None, connect: Callable[[str], Connection], table: str
) -> None:
    name = text.Identifier("public", f"editai_{table}")
    for column in HIDDEN_COLUMNS[table]:
        query = text.SQL("select {} from {}").format(text.Identifier(column), name)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect("owner").execute(query)


def test_a_user_without_an_id_sees_nothing(
    filled: None, database: Database, admin: Connection
) -> None:
    connection = database.connect("authenticated")
    for table, rights in RIGHTS.items():
        if "owner" in rights and table != "export_presets":
            column = text.Identifier(visible_columns(admin, table)[0])
            name = text.Identifier("public", f"editai_{table}")
            query = text.SQL("select {} from {}").format(column, name)
            assert connection.execute(query).fetchall() == []


@pytest.mark.parametrize("role", ROLES)
def test_only_the_service_role_may_execute_functions(
    admin: Connection, connect: Callable[[str], Connection], role: str
) -> None:
    connection = connect(role)
    for function in catalog.functions(admin):
        may = role == "service_role" and function.name in CALLED_BY_THE_SERVICE
        query = "select has_function_privilege(%s, 'execute') as held"
        row = connection.execute(query, [function.signature]).fetchone()
        assert row == {"held": may}, function.signature
        if not may:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(call_with_nulls(function))


def call_with_nulls(function: catalog.Function) -> text.Composed:
    verb = "call" if function.name in PROCEDURES else "select"
    nulls: list[Any] = [text.NULL] * function.arguments
    return text.SQL("{} public.{}({})").format(
        text.SQL(verb), text.Identifier(f"editai_{function.name}"), text.SQL(", ").join(nulls)
    )


def test_no_function_is_security_definer(admin: Connection) -> None:
    rows = admin.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    ).fetchall()
    assert rows == []


def test_the_service_role_cannot_reset_the_token_sequence(service_role: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        service_role.execute("select setval('editai_fencing_tokens', 1)")
