"""Cancelling ends the job, removes progress and lease, and frees the project at once."""

from uuid import UUID

import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows, after


def test_a_running_job_is_cancelled(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.heartbeat(lease, 30)
    answer = sql.at(4).cancel_job(lease.project_id)
    assert answer.outcome == "cancelled"
    assert answer.job is not None
    assert (answer.job.id, answer.job.status) == (lease.job_id, "cancelled")
    assert answer.job.finished_at == after(4)
    assert rows("locks") == rows("generation_progress") == []
    assert rows("projects")[0]["status"] == "created"
    assert rows("storage_garbage")[0]["prefix"] == f"{lease.project_id}/jobs/{lease.job_id}/"


def test_a_queued_job_is_cancelled_and_never_claimed(sql: SqlClient, queued: Job) -> None:
    assert sql.cancel_job(queued.project_id).outcome == "cancelled"
    assert sql.claim_job(queued.id).outcome == "ended"


def test_a_cancelled_project_takes_the_next_job_at_once(sql: SqlClient, lease: Lease) -> None:
    sql.cancel_job(lease.project_id)
    assert sql.start_job(lease.project_id).outcome == "started"


def test_clips_made_before_the_cancel_stay_and_are_ready(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.record_clip(lease, 1)
    sql.cancel_job(lease.project_id)
    assert rows("projects")[0]["status"] == "ready_for_triage"
    assert len(rows("clips")) == 1


def test_an_expired_job_is_cancelled_too(sql: SqlClient, lease: Lease) -> None:
    answer = sql.at(TTL).cancel_job(lease.project_id)
    assert answer.job is not None
    assert (answer.outcome, answer.job.status) == ("cancelled", "cancelled")
    assert sql.cleanup_leases() == []


def test_cancelling_again_finds_nothing_running(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.cancel_job(lease.project_id)
    before = rows("jobs"), rows("storage_garbage"), rows("projects")
    answer = sql.cancel_job(lease.project_id)
    assert (answer.outcome, answer.job) == ("idle", None)
    assert (rows("jobs"), rows("storage_garbage"), rows("projects")) == before


def test_an_idle_project_keeps_its_progress(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.finish_job(lease)
    assert sql.cancel_job(lease.project_id).outcome == "idle"
    assert rows("generation_progress")[0]["percentage"] == 100


def test_a_lease_without_a_job_is_removed_with_its_progress(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    held = sql.acquire_lease(project).lease
    sql.heartbeat(held, 12)
    answer = sql.cancel_job(project)
    assert (answer.outcome, answer.job) == ("cancelled", None)
    assert rows("locks") == rows("generation_progress") == []
    assert sql.heartbeat(held, 13).outcome == "lost"


@pytest.mark.parametrize("project_id", ["reel-1", "nowhere"])
def test_another_owners_project_is_not_found_by_a_cancel(
    sql: SqlClient, lease: Lease, rows: Rows, project_id: str
) -> None:
    answer = sql.cancel_job(project_id, owner_id=UUID(int=8))
    assert (answer.outcome, answer.job) == ("project_not_found", None)
    assert rows("jobs")[0]["status"] == "running"
    assert sql.heartbeat(lease).outcome == "held"


async def test_a_cancel_that_waited_behind_a_start_cancels_it(race: Race, rows: Rows) -> None:
    project = race.live.create_project().id
    with race.other.connection.transaction():
        race.other.start_job(project)
        cancel = await race.waiting(lambda: race.live.cancel_job(project))
    assert (await cancel).outcome == "cancelled"
    assert rows("locks") == []


async def test_a_cancel_that_waited_behind_a_heartbeat_still_cancels(
    race: Race, rows: Rows
) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    lease = race.live.claim_job(job.id).lease
    assert lease is not None
    with race.other.connection.transaction():
        race.other.heartbeat(lease, 50)
        cancel = await race.waiting(lambda: race.live.cancel_job(job.project_id))
    assert (await cancel).outcome == "cancelled"
    assert rows("locks") == rows("generation_progress") == []
