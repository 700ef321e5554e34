"""A call ends in the database before its caller gives up, so that no one holds locks for a caller that has left."""

import ast

import httpx
import psycopg
import pytest

from shared.database.client import CALL_TIMEOUT_SECONDS, CLEANUP_TIMEOUT_SECONDS
from tests.support.backend import Backend
from tests.support.database import Connection, Database
from tests.unit.database.test_forms import calls

OF_CLEANUP = {
    f"editai_{name}"
    for name in (
        *("cleanup_leases", "cleanup_jobs", "cleanup_uploads", "cleanup_deliveries"),
        *("expire_idempotency_keys", "list_storage_garbage"),
    )
}
"""What lease_cleanup calls with CLEANUP_TIMEOUT_SECONDS."""


def limits_in_seconds(admin: Connection) -> dict[str, float]:
    """The statement_timeout of each function that has one."""
    rows = admin.execute(
        "select proname, extract(epoch from substring(setting from '=(.*)')::interval)::float as seconds"
        " from pg_proc, unnest(proconfig) as setting"
        " where pronamespace = 'public'::regnamespace and setting like 'statement_timeout=%'"
    ).fetchall()
    return {row["proname"]: row["seconds"] for row in rows}


def test_every_call_has_a_limit_below_the_time_for_which_its_caller_waits(
    admin: Connection,
) -> None:
    limits = limits_in_seconds(admin)
    called = {
        f"editai_{name.value}"
        for _, node in calls()
        for name in node.args[:1]
        if isinstance(name, ast.Constant) and not _reads_a_table(node)
    }
    assert len(called) > 30
    assert called <= limits.keys()
    assert {name for name, limit in limits.items() if limit >= CALL_TIMEOUT_SECONDS} == OF_CLEANUP
    assert all(limits[name] < CLEANUP_TIMEOUT_SECONDS for name in OF_CLEANUP)


def _reads_a_table(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "read"


def test_a_call_that_waits_for_locks_ends_through_the_api(
    fresh_state: Backend, database: Database, admin: Connection
) -> None:
    """PostgREST applies the setting to the transaction. Without it the call would last as long as the lock is held."""
    project = "reel"
    admin.execute("select editai_create_project(gen_random_uuid(), 'Reel', %s)", [project])
    holder = database.connect("supabase_admin")
    admin.execute("alter function public.editai_update_project reset lock_timeout")
    try:
        with holder.transaction():
            holder.execute("select from editai_projects where id = %s for update", [project])
            answer = httpx.post(
                f"{fresh_state.gateway.url}/rest/v1/rpc/editai_update_project",
                headers={"apikey": fresh_state.gateway.service_role_key},
                json={"p_project_id": project, "p_owner_id": None, "p_name": "Film"},
                timeout=7,  # what earlier versions allowed a call is 8 s
            )
    finally:
        admin.execute("alter function public.editai_update_project set lock_timeout = '2s'")
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")


def test_postgres_alone_does_not_apply_a_functions_statement_timeout(admin: Connection) -> None:
    """It arms the timer when a statement arrives, so a caller that connects directly sets its own."""
    with admin.transaction(force_rollback=True):
        admin.execute(
            "create function pg_temp.slow() returns text language plpgsql set statement_timeout = '5ms'"
            " as $$ begin perform pg_sleep(0.05); return current_setting('statement_timeout'); end $$"
        )
        row = admin.execute("select pg_temp.slow() as limit").fetchone()
        assert row == {"limit": "5ms"}, "it was set, and the call went on"
        admin.execute("set local statement_timeout = '5ms'")
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            admin.execute("select pg_sleep(0.05)")
