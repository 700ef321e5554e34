"""The history of a job: a row for each change of its state, none for a heartbeat, and what operators change."""

import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.values import TTL, Rows

Event = tuple[str, int, int | None, str | None]


@pytest.fixture
def history(rows: Rows, sql: SqlClient) -> "History":
    return History(rows)


class History:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __call__(self) -> list[Event]:
        noted = sorted(self._rows("job_events"), key=lambda row: row["row_number"])
        return [(row["event"], row["attempt"], row["percentage"], row["code"]) for row in noted]


def test_each_attempt_tells_who_had_it_and_how_it_ended(
    sql: SqlClient, queued: Job, lease: Lease, history: History, rows: Rows
) -> None:
    for percentage in (10, 20, 30):
        sql.heartbeat(lease, percentage, current_step="Making clip 1 of 2")
    sql.abandon_job(lease, "storage-unavailable")
    sql.at(TTL).cleanup_leases()
    second = sql.claim_job(queued.id).lease
    assert second is not None
    sql.return_job(second)
    third = sql.claim_job(queued.id).lease
    assert third is not None
    sql.finish_job(third, "failed", error={"code": "unreadable", "detail": "x"})
    assert history() == [
        ("claimed", 1, 0, None),
        ("abandoned", 1, 30, "storage-unavailable"),
        ("requeued", 1, 30, None),
        ("claimed", 2, 30, None),
        ("returned", 2, 0, None),
        ("requeued", 1, 0, None),
        ("claimed", 2, 0, None),
        ("failed", 2, 0, "unreadable"),
    ]
    claims = [row for row in rows("job_events") if row["event"] == "claimed"]
    assert {(row["fencing_token"], row["holder"]) for row in claims} == {
        (taken.fencing_token, taken.holder) for taken in (lease, second, third)
    }


def test_a_job_that_waits_counts_its_dispatches_and_adds_no_row(
    sql: SqlClient, queued: Job, history: History, rows: Rows
) -> None:
    for moment in (100, 200, 300):
        sql.at(moment).cleanup_leases(dispatch_ttl_seconds=30)
    assert [row["dispatches"] for row in rows("jobs")] == [4]
    assert history() == []


def test_an_operators_requeue_takes_the_lease_and_costs_no_attempt(
    sql: SqlClient, queued: Job, lease: Lease, rows: Rows
) -> None:
    assert sql.requeue_by_operator(queued.id) == "requeued"
    assert sql.heartbeat(lease, 50).outcome == "lost"
    (row,) = rows("jobs")
    assert (row["status"], row["attempt"]) == ("queued", 0)
    (due,) = sql.at(1).cleanup_leases()
    assert due.action == "requeued"
    assert (due.fencing_token or 0) > lease.fencing_token
    sql.cancel_job(lease.project_id)
    assert sql.requeue_by_operator(queued.id) == "ended"


def test_a_drained_worker_claims_nothing_and_others_do(sql: SqlClient, queued: Job) -> None:
    sql.drain("worker host-1")
    assert sql.claim_job(queued.id, holder="worker host-1 7-abc").outcome == "drained"
    assert sql.claim_job(queued.id, holder="worker host-2 7-abc").outcome == "claimed"
    assert sql.resume("worker host-1")
    assert not sql.resume("worker host-1")


def test_the_history_is_removed_with_its_job(
    sql: SqlClient, lease: Lease, history: History
) -> None:
    sql.finish_job(lease)
    assert [event for event, *_ in history()] == ["claimed", "completed"]
    sql.at(100).cleanup_jobs(max_age_seconds=50)
    assert history() == []


def test_a_complete_cleanup_is_remembered_through_incomplete_ones(
    sql: SqlClient, rows: Rows
) -> None:
    sql.record_cleanup()
    sql.at(60).record_cleanup(["remove_files"])
    (run,) = rows("cleanup_runs")
    assert run["failed_steps"] == ["remove_files"]
    assert (run["ended_at"] - run["completed_at"]).total_seconds() == 60
