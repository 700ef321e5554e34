"""Cleanup goes on: no locked row, no broken row and no failed step keeps it from the rest."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.sql.client import SqlClient
from tests.support.backend import Backend
from tests.support.database import Clock, Connection, Database
from tests.support.functions import FunctionProcess
from tests.support.library_client import problem
from tests.support.log import Log

DONE = ("requeued", "faulty", "uploads_dropped", "files_removed")


@pytest.fixture
def sql(database: Database) -> SqlClient:
    return SqlClient(connection=database.connect("service_role"))


@pytest.fixture
def cleanup_log(lease_cleanup: FunctionProcess) -> Log:
    return lease_cleanup.watch_log()


async def clean_up(lease_cleanup: FunctionProcess) -> httpx.Response:
    headers = {"Authorization": f"Bearer {lease_cleanup.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(lease_cleanup.url, headers=headers)


def ended_days_ago(
    sql: SqlClient, admin: Connection, days: float, *, key: str | None = "once"
) -> None:
    """A job that ended then, with an idempotency key or without."""
    project = sql.create_project().id
    job = sql.start_job(project, idempotency_key=key, request_hash=key).job
    assert job is not None
    sql.cancel_job(project)
    admin.execute("delete from editai_storage_garbage where project_id = %s", [project])
    ended = "update editai_jobs set finished_at = finished_at - %s * interval '1 day' where id = %s"
    admin.execute(ended, [days, job.id])


@pytest.fixture
def work(sql: SqlClient, clock: Clock, fresh_state: Backend, admin: Connection) -> list[UUID]:
    """Something to do for each step: six unclaimed jobs, an unused upload, old jobs, a file without a row."""
    jobs = [sql.start_job(sql.create_project().id, deadline_seconds=1e6).job for _ in range(6)]
    sql.create_source(sql.create_project("unused").id)
    file = fresh_state.storage / "reel" / "sources" / "left.mp4"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"left")
    admin.execute(
        "insert into editai_storage_garbage (project_id, prefix, not_before)"
        " values ('reel', 'reel/sources/left.mp4', now())"
    )
    ended_days_ago(sql, admin, 91, key=None)
    ended_days_ago(sql, admin, 8)
    clock.advance(25 * 3600)
    return [job.id for job in jobs if job is not None]


async def test_a_locked_job_row_holds_up_none_of_the_others(
    lease_cleanup: FunctionProcess, work: list[UUID], sql: SqlClient
) -> None:
    with sql.connection.transaction():
        sql.connection.execute("select 1 from editai_jobs where id = %s for update", [work[0]])
        for expected in ((5, 0, 1, 1), (0, 0, 0, 0)):
            response = await clean_up(lease_cleanup)
            assert response.status_code == 200, response.text
            assert tuple(response.json()[name] for name in DONE) == expected
    assert (await clean_up(lease_cleanup)).json()["requeued"] == 1


STEPS: dict[str, str] = {
    "reclaim_leases": "editai_cleanup_leases(integer, double precision)",
    "drop_uploads": "editai_cleanup_uploads(integer, double precision)",
    "remove_jobs": "editai_cleanup_jobs(integer, double precision)",
    "expire_keys": "editai_expire_idempotency_keys(integer, double precision)",
    "remove_files": "editai_list_storage_garbage(integer, bigint)",
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_fails_is_named_and_the_others_run(
    lease_cleanup: FunctionProcess, work: list[UUID], admin: Connection, cleanup_log: Log, step: str
) -> None:
    """The step's SQL function is taken from the service role, so its call fails."""
    admin.execute(f"revoke execute on function public.{STEPS[step]} from service_role".encode())
    try:
        content = problem(await clean_up(lease_cleanup), 503, "cleanup-incomplete")
    finally:
        admin.execute(f"grant execute on function public.{STEPS[step]} to service_role".encode())
    assert content["failed_steps"] == [step]
    done = {
        "reclaim_leases": (6, "requeued"),
        "drop_uploads": (1, "uploads_dropped"),
        "remove_jobs": (1, "jobs_removed"),
        "expire_keys": (1, "keys_expired"),
        "remove_files": (1, "files_removed"),
    }
    for name, (amount, count) in done.items():
        assert content[count] == (0 if name == step else amount)
    (line,) = cleanup_log.lines(failed_steps=[step])
    assert (line["severity"], line["message"]) == ("ERROR", "cleanup is incomplete")
    assert any(line["message"].startswith(f"{step} failed") for line in cleanup_log.lines())
    assert (await clean_up(lease_cleanup)).status_code == 200


async def test_a_row_that_raises_an_error_is_counted_and_logged(
    lease_cleanup: FunctionProcess, work: list[UUID], admin: Connection, cleanup_log: Log
) -> None:
    check = "alter table editai_jobs {} constraint poison"
    row: dict[str, Any] | None = admin.execute(
        "select project_id from editai_jobs where id = %s", [work[0]]
    ).fetchone()
    assert row is not None
    admin.execute(
        (
            check.format("add") + f" check (id <> '{work[0]}' or dispatch_due_at < now()) not valid"
        ).encode()
    )
    try:
        response = await clean_up(lease_cleanup)
    finally:
        admin.execute(check.format("drop").encode())
    assert response.status_code == 200, response.text
    assert tuple(response.json()[name] for name in DONE) == (5, 1, 1, 1)
    (line,) = cleanup_log.lines(action="faulty")
    assert (line["severity"], line["project_id"], line["code"]) == (
        "ERROR",
        row["project_id"],
        "23514",
    )


async def test_the_settings_say_how_long_jobs_and_keys_are_kept(
    lease_cleanup: FunctionProcess, sql: SqlClient, admin: Connection, fresh_state: Backend
) -> None:
    for days in (1, 3, 5):
        ended_days_ago(sql, admin, days + 0.5)
    lease_cleanup.restart(JOB_RETENTION_DAYS="4", IDEMPOTENCY_KEY_DAYS="2")
    try:
        counts = (await clean_up(lease_cleanup)).json()
    finally:
        lease_cleanup.restart()
    assert (counts["jobs_removed"], counts["keys_expired"]) == (1, 1)
    rows = admin.execute("select idempotency_key from editai_jobs order by finished_at").fetchall()
    assert [row["idempotency_key"] for row in rows] == [None, "once"]


async def test_one_trigger_works_off_a_backlog_of_many_batches(
    lease_cleanup: FunctionProcess, admin: Connection, fresh_state: Backend
) -> None:
    """Within its time it goes on until nothing is due, however long the backlog is."""
    jobs = 1200
    admin.execute(
        "insert into editai_projects (id, owner_id, name, status)"
        " select 'p' || n, gen_random_uuid(), 'x', 'generating' from generate_series(1, %s) n",
        [jobs],
    )
    admin.execute(
        "insert into editai_jobs (id, project_id, kind, params, first_variant_number, max_attempts,"
        " deadline_at) select gen_random_uuid(), id, 'raw_clips', '{}', 1, 3, editai_clock()"
        " from editai_projects"
    )
    assert (await clean_up(lease_cleanup)).json()["failed"] == jobs
