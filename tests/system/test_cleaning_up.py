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


@pytest.fixture
def work(sql: SqlClient, clock: Clock, fresh_state: Backend, admin: Connection) -> list[UUID]:
    """Something to do for each step: six jobs that no worker claimed, an unused upload, and a file without a row."""
    jobs = [sql.start_job(sql.create_project().id, deadline_seconds=1e6).job for _ in range(6)]
    sql.create_source(sql.create_project("unused").id)
    file = fresh_state.storage / "reel" / "sources" / "left.mp4"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"left")
    admin.execute(
        "insert into editai_storage_garbage (project_id, prefix, not_before)"
        " values ('reel', 'reel/sources/left.mp4', now())"
    )
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
