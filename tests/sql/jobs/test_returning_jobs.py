"""Giving a job back: a worker that has to end returns its job, and another one goes on."""

import psycopg
import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import DISPATCH_TTL, Rows, after


def test_a_returned_job_is_queued_again_and_has_spent_no_attempt(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    returned = sql.at(9).return_job(lease)
    assert returned.outcome == "returned"
    (job,) = rows("jobs")
    assert (job["status"], job["attempt"], job["finished_at"]) == ("queued", 0, None)
    assert job["dispatch_due_at"] == after(9 + DISPATCH_TTL)
    (lock,) = rows("locks")
    assert (lock["holder"], lock["job_id"]) == ("dispatch", lease.job_id)
    assert lock["fencing_token"] == returned.dispatch_token
    assert lock["fencing_token"] > lease.fencing_token
    assert (lock["acquired_at"], lock["expires_at"]) == (after(9), after(9 + DISPATCH_TTL))


def test_another_worker_claims_a_returned_job_at_once_in_the_same_attempt(
    sql: SqlClient, queued: Job, lease: Lease
) -> None:
    clip = sql.record_clip(lease, 1).clip
    sql.return_job(lease)
    claim = sql.claim_job(queued.id)
    assert claim.outcome == "claimed"
    assert claim.job is not None
    assert claim.lease is not None
    assert (claim.job.attempt, claim.clips) == (1, (clip,))
    assert claim.lease.fencing_token > lease.fencing_token


def test_a_job_may_be_returned_any_number_of_times(
    sql: SqlClient, queued: Job, lease: Lease, rows: Rows
) -> None:
    held = lease
    for _ in range(5):
        assert sql.return_job(held).outcome == "returned"
        claimed = sql.claim_job(queued.id).lease
        assert claimed is not None
        held = claimed
    assert (rows("jobs")[0]["attempt"], rows("jobs")[0]["status"]) == (1, "running")


def test_attempts_that_were_spent_before_stay_spent(
    sql: SqlClient, queued: Job, lease: Lease, rows: Rows
) -> None:
    del lease
    second = sql.at(100).claim_job(queued.id).lease
    assert second is not None
    assert rows("jobs")[0]["attempt"] == 2
    sql.return_job(second)
    assert rows("jobs")[0]["attempt"] == 1


def test_returning_again_has_the_same_result_and_changes_nothing(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    first = sql.return_job(lease)
    tables = ("jobs", "locks", "projects", "generation_progress", "storage_garbage")
    before = [rows(table) for table in tables]
    assert sql.at(500).return_job(lease) == first
    assert [rows(table) for table in tables] == before


def test_a_repeated_return_does_not_take_the_job_from_the_next_worker(
    sql: SqlClient, queued: Job, lease: Lease, rows: Rows
) -> None:
    sql.return_job(lease)
    sql.claim_job(queued.id)
    before = rows("jobs"), rows("locks")
    assert sql.return_job(lease).outcome == "lost"
    assert (rows("jobs"), rows("locks")) == before


def test_only_the_holder_of_a_live_lease_returns_its_job(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    before = rows("jobs"), rows("locks")
    stale = lease.model_copy(update={"fencing_token": lease.fencing_token - 1})
    assert sql.return_job(stale).outcome == "lost"
    assert sql.at(61).return_job(lease).outcome == "lost"
    assert (rows("jobs"), rows("locks")) == before


@pytest.mark.parametrize(("end", "outcome"), [("cancelled", "cancelled"), ("completed", "lost")])
def test_a_job_that_has_ended_is_not_returned(
    sql: SqlClient, lease: Lease, rows: Rows, end: str, outcome: str
) -> None:
    if end == "cancelled":
        sql.cancel_job(lease.project_id)
    else:
        sql.finish_job(lease, end)
    assert sql.return_job(lease).outcome == outcome
    assert rows("jobs")[0]["status"] == end


def test_a_job_of_a_deleted_project_is_lost(sql: SqlClient, project: str, lease: Lease) -> None:
    sql.finish_job(lease)
    sql.delete_project(project)
    assert sql.return_job(lease).outcome == "lost"


@pytest.mark.parametrize("ttl_seconds", [0, -1, 3601])
def test_a_bad_time_to_live_is_an_error(sql: SqlClient, lease: Lease, ttl_seconds: float) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        sql.return_job(lease, dispatch_ttl_seconds=ttl_seconds)


def test_the_files_of_a_returned_attempt_are_left_to_cleanup(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.return_job(lease)
    (garbage,) = rows("storage_garbage")
    assert garbage["prefix"] == f"reel-1/jobs/{lease.job_id}/{lease.fencing_token}/"


def test_a_returned_job_that_no_worker_takes_is_dispatched_by_cleanup(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.return_job(lease, dispatch_ttl_seconds=5)
    assert sql.at(4).cleanup_leases() == []
    (reclaimed,) = sql.at(5).cleanup_leases()
    assert (reclaimed.action, reclaimed.job_id) == ("requeued", lease.job_id)
    assert rows("jobs")[0]["attempt"] == 0


async def test_a_return_and_a_late_renewal_do_not_both_succeed(
    race: Race, live_lease: Lease
) -> None:
    """A renewal that was sent before the return waits for it, and is then refused."""
    with race.other.connection.transaction():
        race.other.return_job(live_lease)
        beat = await race.waiting(lambda: race.live.heartbeat(live_lease, 50))
    assert (await beat).outcome == "lost"
