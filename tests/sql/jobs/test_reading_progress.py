"""Reading progress: what was measured of the newest job, in each of its states."""

from typing import Any
from uuid import UUID

import pytest

from shared.jobs.progress import GenerationProgress
from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.values import DISPATCH_TTL, TTL, after
from tests.support.database import Connection


def seen(sql: SqlClient, project_id: str) -> dict[str, Any]:
    progress = sql.read_progress(project_id)
    assert progress is not None
    return progress.model_dump()


def test_a_running_job_is_shown_as_its_worker_wrote_it(sql: SqlClient, lease: Lease) -> None:
    sql.at(8).heartbeat(lease, 40, current_step="Encoding clip 2 of 3", estimated_remaining=25)
    assert seen(sql.at(9), lease.project_id) == {
        "project_id": lease.project_id,
        "status": "generating",
        "percentage": 40,
        "current_step": "Encoding clip 2 of 3",
        "estimated_remaining": 25,
        "updated_at": after(8),
        "stalled": False,
        "outcome": None,
        "job_id": lease.job_id,
        "job_kind": "raw_clips",
        "job_status": "running",
        "job_attempt": 1,
        "job_error": None,
        "lease_expires_at": after(8 + TTL),
    }


def test_a_new_project_is_at_zero_without_a_job(sql: SqlClient, project: str) -> None:
    progress = seen(sql, project)
    assert (progress["status"], progress["percentage"]) == ("created", 0)
    assert (progress["updated_at"], progress["stalled"], progress["job_id"]) == (
        after(0),
        False,
        None,
    )


def test_a_job_whose_lease_expired_is_stalled_until_taken_over(
    sql: SqlClient, lease: Lease
) -> None:
    assert lease.job_id is not None
    assert seen(sql.at(TTL), lease.project_id)["stalled"]
    sql.claim_job(lease.job_id)
    assert not seen(sql, lease.project_id)["stalled"]


def test_a_new_attempt_never_shows_the_percentage_of_the_one_before(
    sql: SqlClient, lease: Lease
) -> None:
    """A poll between the claim and its first heartbeat would otherwise see progress that is taken back."""
    assert lease.job_id is not None
    sql.heartbeat(lease, 80, current_step="Encoding", estimated_remaining=5)
    before = seen(sql.at(TTL), lease.project_id)
    assert (before["job_attempt"], before["percentage"]) == (1, 80)
    sql.claim_job(lease.job_id)
    after_claim = seen(sql, lease.project_id)
    names = ("job_attempt", "percentage", "current_step", "estimated_remaining", "updated_at")
    assert tuple(after_claim[name] for name in names) == (2, 0, "Starting", None, after(TTL))


def test_a_claim_that_is_repeated_takes_no_progress_back(sql: SqlClient, lease: Lease) -> None:
    assert lease.job_id is not None
    sql.heartbeat(lease, 80)
    sql.claim_job(lease.job_id, lease_id=lease.lease_id)
    assert seen(sql, lease.project_id)["percentage"] == 80


def test_a_job_whose_worker_has_missed_two_heartbeats_is_stalled_until_the_next(
    sql: SqlClient, lease: Lease
) -> None:
    """A worker sends one at each third of the time to live. The lease lasts for one more."""
    assert not seen(sql.at(TTL * 2 / 3 - 0.001), lease.project_id)["stalled"]
    assert seen(sql.at(TTL * 2 / 3), lease.project_id)["stalled"]
    assert sql.heartbeat(lease, 50).outcome == "held"
    assert not seen(sql.at(TTL * 4 / 3 - 0.001), lease.project_id)["stalled"]
    assert seen(sql.at(TTL * 4 / 3), lease.project_id)["stalled"]


def test_near_its_deadline_a_job_is_stalled_no_sooner(sql: SqlClient, project: str) -> None:
    """The deadline cuts its lease short, and not the time between two heartbeats."""
    job = sql.start_job(project, deadline_seconds=50.0).job
    assert job is not None
    assert sql.claim_job(job.id).outcome == "claimed"
    assert not seen(sql.at(TTL * 2 / 3 - 0.001), project)["stalled"]
    assert seen(sql.at(TTL * 2 / 3), project)["stalled"]


def test_a_lease_from_before_heartbeats_were_noted_is_stalled_when_it_expires(
    sql: SqlClient, lease: Lease, admin: Connection
) -> None:
    admin.execute("update editai_locks set stalled_at = null")
    assert not seen(sql.at(TTL - 0.001), lease.project_id)["stalled"]
    assert seen(sql.at(TTL), lease.project_id)["stalled"]


def test_a_job_that_waits_for_a_worker_is_not_stalled(sql: SqlClient, project: str) -> None:
    sql.start_job(project)
    progress = seen(sql.at(DISPATCH_TTL), project)
    assert (progress["job_status"], progress["stalled"]) == ("queued", False)


def test_a_requeued_job_is_no_longer_stalled(sql: SqlClient, lease: Lease) -> None:
    assert seen(sql.at(TTL), lease.project_id)["stalled"]
    sql.cleanup_leases()
    progress = seen(sql.at(TTL + DISPATCH_TTL), lease.project_id)
    assert (progress["job_status"], progress["stalled"]) == ("queued", False)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_an_ended_job_is_not_stalled(sql: SqlClient, lease: Lease, status: str) -> None:
    sql.finish_job(lease, status, error=None if status == "completed" else {"code": "x"})
    progress = seen(sql.at(9999), lease.project_id)
    assert (progress["stalled"], progress["lease_expires_at"]) == (False, None)
    assert progress["job_status"] == status


def shown(sql: SqlClient, project_id: str) -> tuple[Any, ...]:
    progress = seen(sql, project_id)
    names = ("job_status", "outcome", "percentage", "current_step", "estimated_remaining")
    return tuple(progress[name] for name in names)


def test_each_state_of_a_job_shows_what_was_measured(sql: SqlClient, project: str) -> None:
    """The table of docs/api.md, with clips in the project, so that its status is no hint."""
    assert shown(sql, project) == (None, None, 0, "", None)
    job = sql.start_job(project).job
    assert job is not None
    assert shown(sql, project) == ("queued", None, 0, "Queued", None)

    lease = sql.claim_job(job.id).lease
    assert lease is not None
    assert shown(sql, project) == ("running", None, 0, "Starting", None)
    sql.record_clip(lease, 1, percentage=30)
    sql.heartbeat(lease, 40, current_step="Making clip 2", estimated_remaining=25)
    assert shown(sql, project) == ("running", None, 40, "Making clip 2", 25)
    assert sql.return_job(lease).outcome == "returned"
    assert shown(sql, project) == ("queued", None, 40, "Making clip 2", None)

    lease = sql.claim_job(job.id).lease
    assert lease is not None
    assert shown(sql, project) == ("running", None, 30, "Starting", None)
    sql.heartbeat(lease, 50, current_step="Making clip 2", estimated_remaining=20)
    assert shown(sql.at(TTL), project) == ("running", None, 50, "Making clip 2", None)  # stalled
    sql.cleanup_leases()
    assert shown(sql, project) == ("queued", None, 50, "Making clip 2", None)

    assert sql.cancel_job(project).outcome == "cancelled"
    assert shown(sql, project) == ("cancelled", "cancelled", 0, "", None)
    assert seen(sql, project)["status"] == "ready_for_triage"


@pytest.mark.parametrize(
    ("status", "shows"),
    [
        ("completed", ("completed", "completed", 100, "Completed", 0)),
        ("failed", ("failed", "failed", 80, "Making clip 3", None)),
    ],
)
def test_an_ended_job_shows_its_end(
    sql: SqlClient, lease: Lease, status: str, shows: tuple[Any, ...]
) -> None:
    sql.record_clip(lease, 1, percentage=30)
    sql.heartbeat(lease, 80, current_step="Making clip 3", estimated_remaining=7)
    sql.at(9).finish_job(lease, status, error=None if status == "completed" else {"code": "x"})
    assert shown(sql, lease.project_id) == shows
    assert seen(sql, lease.project_id)["updated_at"] == after(9)


def test_a_superseded_job_gives_way_to_the_job_that_replaced_it(
    sql: SqlClient, lease: Lease
) -> None:
    sql.heartbeat(lease, 80, current_step="Making clip 3")
    assert sql.at(TTL).start_job(lease.project_id).outcome == "started"
    assert shown(sql, lease.project_id) == ("queued", None, 0, "Queued", None)


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_only_a_completed_job_shows_100(
    sql: SqlClient, lease: Lease, admin: Connection, status: str
) -> None:
    """Whatever the row says: a worker of another make might have written it."""
    sql.record_clip(lease, 1)
    sql.heartbeat(lease, 100)
    ended = status in ("failed", "cancelled")
    admin.execute(
        "update editai_jobs set status = %s, finished_at = case when %s then editai_clock() end",
        [status, ended],
    )
    admin.execute("update editai_projects set status = 'ready_for_triage'")
    assert seen(sql, lease.project_id)["percentage"] == (0 if status == "cancelled" else 99)


def test_a_job_without_a_progress_row_shows_its_state(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1)
    sql.clear_progress(lease)
    assert shown(sql, lease.project_id) == ("running", None, 0, "", None)
    sql.finish_job(lease)
    assert shown(sql, lease.project_id) == ("completed", "completed", 100, "Completed", 0)


@pytest.mark.parametrize(
    ("cancelled", "left"),
    [(False, (None, None, 100, "Completed", 0)), (True, (None, None, 0, "", None))],
)
def test_progress_stays_as_the_last_job_left_it_when_cleanup_removes_the_job(
    sql: SqlClient, lease: Lease, cancelled: bool, left: tuple[Any, ...]
) -> None:
    sql.record_clip(lease, 1)
    _ = sql.cancel_job(lease.project_id) if cancelled else sql.finish_job(lease)
    assert sql.at(100).cleanup_jobs(max_age_seconds=50) == 1
    assert shown(sql, lease.project_id) == left


def test_the_newest_job_is_shown_after_the_clock_went_back(sql: SqlClient, lease: Lease) -> None:
    sql.at(25).finish_job(lease)
    newest = sql.at(5).start_job(lease.project_id).job
    assert newest is not None
    for seconds in (5, 100):
        progress = seen(sql.at(seconds), lease.project_id)
        assert (progress["job_id"], progress["job_status"]) == (newest.id, "queued")


def test_of_jobs_from_before_they_had_numbers_the_last_created_is_shown(
    sql: SqlClient, lease: Lease, admin: Connection
) -> None:
    sql.finish_job(lease)
    for seconds in (20, 10):
        sql.at(seconds).start_job(lease.project_id)
        sql.cancel_job(lease.project_id)
    (last,) = admin.execute(
        "select id from editai_jobs where created_at = %s", [after(20)]
    ).fetchall()
    admin.execute("update editai_jobs set row_number = 0")
    assert seen(sql, lease.project_id)["job_id"] == last["id"]
    first_new = sql.at(1).start_job(lease.project_id).job
    assert seen(sql, lease.project_id)["job_id"] == (first_new and first_new.id)


def test_the_newest_job_is_shown(sql: SqlClient, lease: Lease) -> None:
    sql.finish_job(lease)
    job = sql.at(10).start_job(lease.project_id, kind="final_render").job
    assert job is not None
    progress = seen(sql, lease.project_id)
    assert (progress["job_id"], progress["job_kind"]) == (job.id, "final_render")
    assert (progress["job_attempt"], progress["percentage"]) == (0, 0)


def test_another_owners_progress_is_not_found(sql: SqlClient, lease: Lease, owner: UUID) -> None:
    assert sql.read_progress(lease.project_id, owner_id=UUID(int=8)) is None
    assert sql.read_progress("nowhere") is None
    assert sql.read_progress(lease.project_id, owner_id=owner) is not None


def test_several_projects_are_read_in_one_call_and_in_their_order(
    sql: SqlClient, lease: Lease, owner: UUID
) -> None:
    sql.at(8).heartbeat(lease, 40)
    other = sql.create_project(owner_id=owner).id
    found = sql.at(9).read_progress_of(
        (other, owner, None),
        ("nowhere", None, None),
        (lease.project_id, owner, lease.job_id),
        (lease.project_id, UUID(int=8), None),
    )
    assert found[1] is found[3] is None
    for row, project_id in ((found[0], other), (found[2], lease.project_id)):
        assert row is not None
        progress = sql.at(9).read_progress(project_id)
        assert progress is not None
        assert GenerationProgress.model_validate(row) == progress


def test_a_job_that_is_not_the_newest_is_read_with_its_own_end(
    sql: SqlClient, lease: Lease
) -> None:
    sql.at(8).heartbeat(lease, 40)
    sql.at(9).cancel_job(lease.project_id)
    newer = sql.at(10).start_job(lease.project_id).job
    assert newer is not None
    [row] = sql.at(11).read_progress_of((lease.project_id, None, lease.job_id))
    assert row is not None
    progress = GenerationProgress.model_validate(row)
    assert (progress.job_id, progress.job_status) == (lease.job_id, "cancelled")
    assert (progress.percentage, progress.outcome) == (0, "cancelled")
    assert progress.updated_at == after(9)
    [row] = sql.read_progress_of((lease.project_id, None, UUID(int=8)))
    assert row is not None
    assert row["job_id"] == str(newer.id), "a job that is not there any more is not followed"
