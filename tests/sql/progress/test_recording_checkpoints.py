"""The state that a job saves for its next attempt: fenced like every write, small, and gone when the job has ended."""

import psycopg
import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.values import TTL, Rows


def test_the_next_attempt_gets_the_state_and_begins_at_its_percentage(
    sql: SqlClient, queued: Job, lease: Lease
) -> None:
    sql.heartbeat(lease, 30, current_step="Epoch 3")
    assert sql.record_checkpoint(lease, {"epoch": 3}, percentage=30) == "recorded"
    sql.heartbeat(lease, 38, current_step="Epoch 4")
    sql.at(TTL).cleanup_leases()
    second = sql.claim_job(queued.id)
    assert second.job is not None
    assert second.job.checkpoint == {"epoch": 3}
    progress = sql.read_progress(lease.project_id)
    assert progress is not None
    assert progress.percentage == 30


def test_a_stale_holder_saves_nothing(
    sql: SqlClient, queued: Job, lease: Lease, rows: Rows
) -> None:
    sql.record_checkpoint(lease, {"epoch": 3})
    sql.at(TTL)
    assert sql.record_checkpoint(lease, {"epoch": 4}) == "lost"
    sql.cleanup_leases()
    sql.claim_job(queued.id)
    assert sql.record_checkpoint(lease, {"epoch": 5}) == "lost"
    assert [row["checkpoint"] for row in rows("jobs")] == [{"epoch": 3}]
    sql.cancel_job(lease.project_id)
    assert sql.record_checkpoint(lease, {"epoch": 6}) == "cancelled"


def test_a_job_that_has_ended_keeps_none(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.record_checkpoint(lease, {"epoch": 3})
    sql.finish_job(lease)
    assert [row["checkpoint"] for row in rows("jobs")] == [None]


def test_a_state_is_small(sql: SqlClient, lease: Lease) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.record_checkpoint(lease, {"weights": "x" * 65536})


@pytest.mark.parametrize(
    ("kind", "accepted"), [("train_model", True), ("Train", False), ("x" * 64, False)]
)
def test_a_kind_is_any_name(sql: SqlClient, project: str, kind: str, *, accepted: bool) -> None:
    if accepted:
        assert sql.start_job(project, kind=kind).outcome == "started"
    else:
        with pytest.raises(psycopg.errors.CheckViolation):
            sql.start_job(project, kind=kind)
