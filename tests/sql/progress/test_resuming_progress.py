"""Where the progress of the next attempt begins: where the recorded clips stand, from the first read on."""

import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.values import TTL


def shown(sql: SqlClient, lease: Lease) -> tuple[int, str]:
    progress = sql.read_progress(lease.project_id)
    assert progress is not None
    return progress.percentage, progress.current_step


def test_a_recorded_clip_shows_its_percentage_at_once(sql: SqlClient, lease: Lease) -> None:
    sql.heartbeat(lease, 40, current_step="Making clip 1 of 2")
    sql.record_clip(lease, 1, percentage=43)
    assert shown(sql, lease) == (43, "Making clip 1 of 2")


def test_a_recorded_clip_never_lowers_the_percentage(sql: SqlClient, lease: Lease) -> None:
    sql.heartbeat(lease, 60, current_step="Making clip 2 of 2")
    sql.record_clip(lease, 1, percentage=43)
    assert shown(sql, lease)[0] == 60


@pytest.mark.parametrize("ended_by", ["a return", "the lease's end"])
def test_the_next_attempt_begins_where_the_recorded_clips_stand(
    sql: SqlClient, queued: Job, lease: Lease, ended_by: str
) -> None:
    sql.record_clip(lease, 1, percentage=43)
    sql.record_clip(lease, 2, percentage=71)
    sql.heartbeat(lease, 85, current_step="Making clip 3 of 3")
    if ended_by == "a return":
        sql.return_job(lease)
    else:
        sql.at(TTL).cleanup_leases()
    assert shown(sql, lease) == (85, "Making clip 3 of 3"), "until the next claim nothing changes"
    second = sql.claim_job(queued.id).lease
    assert second is not None
    assert shown(sql, lease) == (71, "Starting")
    sql.heartbeat(second, 5, current_step="Finding the best moments")
    assert shown(sql, lease) == (71, "Finding the best moments")
    sql.heartbeat(second, 80)
    assert shown(sql, lease)[0] == 80


def test_an_attempt_without_recorded_clips_begins_at_0(
    sql: SqlClient, queued: Job, lease: Lease
) -> None:
    sql.heartbeat(lease, 85)
    sql.return_job(lease)
    sql.claim_job(queued.id)
    assert shown(sql, lease) == (0, "Starting")


def test_the_next_job_begins_at_0(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1, percentage=71)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id).job
    assert job is not None
    assert shown(sql, lease) == (0, "Queued")
    sql.claim_job(job.id)
    assert shown(sql, lease) == (0, "Starting")


def test_a_worker_of_the_version_before_records_without_a_percentage(
    sql: SqlClient, queued: Job, lease: Lease
) -> None:
    sql.heartbeat(lease, 40)
    assert sql.record_clip(lease, 1).outcome == "recorded"
    sql.at(TTL).claim_job(queued.id)
    assert shown(sql, lease)[0] == 0
