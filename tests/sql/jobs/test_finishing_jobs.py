"""Finishing a job: result, status, progress and lease in one transaction."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows, after


def test_a_completed_job_leaves_its_result_and_frees_the_project(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.record_clip(lease, 1)
    sql.heartbeat(lease, 80, current_step="Encoding", estimated_remaining=5)
    assert sql.at(9).finish_job(lease, "completed", result={"clips": 1}) == "finished"
    (job,) = rows("jobs")
    assert (job["status"], job["result"], job["error"]) == ("completed", {"clips": 1}, None)
    assert job["finished_at"] == after(9)
    assert rows("locks") == []
    (progress,) = rows("generation_progress")
    assert (progress["percentage"], progress["current_step"]) == (100, "Completed")
    assert (progress["estimated_remaining"], progress["updated_at"]) == (0, after(9))
    (project,) = rows("projects")
    assert (project["status"], project["updated_at"]) == ("ready_for_triage", after(9))
    assert rows("storage_garbage") == []


def test_a_failed_job_keeps_its_error_and_its_percentage(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.heartbeat(lease, 80, current_step="Encoding")
    error = {"code": "unusable_video", "detail": "The video file is damaged."}
    assert sql.finish_job(lease, "failed", error=error) == "finished"
    (job,) = rows("jobs")
    assert (job["status"], job["error"]) == ("failed", error)
    assert rows("projects")[0]["status"] == "failed"
    assert rows("generation_progress")[0]["percentage"] == 80
    assert rows("locks") == []


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
@pytest.mark.parametrize("text", ["srt", "vtt"])
def test_the_text_of_subtitles_is_removed_when_the_job_ends(
    sql: SqlClient, project: str, rows: Rows, end: str, text: str
) -> None:
    """It may be long: starting and cancelling many renders would fill the database with it."""
    options = {"fit": "pad", "subtitles": {text: "1\n" * 1000, "style": {"size": 68}}}
    job = sql.start_job(project, kind="final_render", params={"options": options}).job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    assert rows("jobs")[0]["params"]["options"] == options
    if end == "cancelled":
        sql.cancel_job(project)
    else:
        sql.finish_job(lease, end)
    assert rows("jobs")[0]["params"] == {
        "options": {"fit": "pad", "subtitles": {"style": {"size": 68}}}
    }


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_finishing_again_has_the_same_outcome_and_changes_nothing(
    sql: SqlClient, lease: Lease, rows: Rows, status: str
) -> None:
    sql.finish_job(lease, status)
    tables = ("jobs", "projects", "generation_progress", "storage_garbage")
    before = [rows(table) for table in tables]
    assert sql.at(500).finish_job(lease, status) == "finished"
    assert [rows(table) for table in tables] == before


@pytest.mark.parametrize("ended_by", ["cleanup", "another job"])
def test_an_attempt_whose_job_failed_meanwhile_is_told_that_it_is_lost(
    sql: SqlClient, lease: Lease, rows: Rows, ended_by: str
) -> None:
    """It carries the token of the last attempt, but wants to write another end."""
    later = sql.at(9999)
    if ended_by == "cleanup":
        later.cleanup_leases()
    else:
        later.start_job(lease.project_id)
    before = rows("jobs")
    assert before[0]["status"] == "failed"
    assert later.finish_job(lease, "failed", error={"code": "encoding_failed"}) == "lost"
    assert rows("jobs") == before


def test_finishing_again_leaves_the_next_job_alone(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.finish_job(lease)
    sql.start_job(lease.project_id)
    before = rows("jobs"), rows("locks")
    assert sql.finish_job(lease) == "finished"
    assert (rows("jobs"), rows("locks")) == before


def test_a_finished_job_does_not_end_another_way(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.finish_job(lease, "completed")
    before = rows("jobs")
    assert sql.finish_job(lease, "failed") == "lost"
    assert sql.cancel_job(lease.project_id).outcome == "idle"
    assert sql.at(9999).cleanup_leases() == []
    assert rows("jobs") == before


def test_an_ended_job_is_not_ended_again_by_any_caller(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    """The last line of defence, below every caller's own check."""
    sql.finish_job(lease)
    before = rows("jobs"), rows("projects"), rows("storage_garbage")
    sql.call("end_job", job_id=lease.job_id, status="cancelled", result=None, error=None)
    assert (rows("jobs"), rows("projects"), rows("storage_garbage")) == before


@pytest.mark.parametrize("how", ["expired", "taken over", "wrong id", "wrong token"])
def test_a_stale_holder_finishes_nothing(
    sql: SqlClient, lease: Lease, rows: Rows, how: str
) -> None:
    assert lease.job_id is not None
    stale = lease
    if how in ("expired", "taken over"):
        sql.at(TTL)
    if how == "taken over":
        sql.claim_job(lease.job_id)
    if how == "wrong id":
        stale = lease.model_copy(update={"lease_id": uuid4()})
    if how == "wrong token":
        stale = lease.model_copy(update={"fencing_token": lease.fencing_token + 1})
    before = rows("jobs"), rows("locks"), rows("projects")
    assert sql.finish_job(stale, "completed", result={"clips": 3}) == "lost"
    assert (rows("jobs"), rows("locks"), rows("projects")) == before


def test_the_first_attempts_late_finish_is_refused_after_the_second_completed(
    sql: SqlClient, lease: Lease
) -> None:
    assert lease.job_id is not None
    second = sql.at(TTL).claim_job(lease.job_id).lease
    assert second is not None
    sql.finish_job(second)
    assert sql.finish_job(lease) == "lost"


def test_a_lease_finishes_its_own_job_only(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    elsewhere = sql.start_job(sql.create_project().id).job
    assert elsewhere is not None
    before = rows("jobs"), rows("locks")
    for job_id in (elsewhere.id, uuid4(), None):
        forged = lease.model_copy(update={"job_id": job_id})
        assert sql.finish_job(forged) == "lost"
    assert (rows("jobs"), rows("locks")) == before


def test_a_completed_job_with_two_attempts_leaves_garbage(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    assert lease.job_id is not None
    second = sql.at(TTL).claim_job(lease.job_id).lease
    assert second is not None
    sql.finish_job(second)
    prefixes = {garbage["prefix"] for garbage in rows("storage_garbage")}
    assert prefixes == {f"{lease.project_id}/jobs/{lease.job_id}/"}


def test_a_lease_without_a_job_finishes_nothing(sql: SqlClient, project: str, rows: Rows) -> None:
    held = sql.acquire_lease(project).lease
    before = rows("locks")
    assert sql.finish_job(held) == "lost"
    assert sql.record_clip(held, 1).outcome == "lost"
    assert rows("locks") == before


@pytest.mark.parametrize("status", ["cancelled", "queued", "done", None])
def test_a_job_finishes_as_completed_or_failed(
    sql: SqlClient, lease: Lease, rows: Rows, status: Any
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        sql.finish_job(lease, status)
    assert rows("jobs")[0]["status"] == "running"


@pytest.fixture
def render_lease(sql: SqlClient, lease: Lease) -> Lease:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id, kind="final_render").job
    assert job is not None
    render_lease = sql.claim_job(job.id).lease
    assert render_lease is not None
    return render_lease


def export_of(clip: dict[str, Any], lease: Lease, **changes: Any) -> dict[str, Any]:
    """A render of a clip, stored where the lease's holder may store it."""
    path = f"{lease.project_id}/jobs/{lease.job_id}/{lease.fencing_token}/export"
    return {
        "clip_id": str(clip["id"]),
        "preset": "tiktok",
        "options": dict[str, Any](),
        "storage_path": f"{path}.mp4",
        "thumbnail_path": f"{path}.jpg",
        "duration_seconds": 12.0,
        "size_bytes": 5,
        "width": 1080,
        "height": 1920,
        "frame_rate": 30.0,
    } | changes


def test_a_final_render_records_one_export(sql: SqlClient, render_lease: Lease, rows: Rows) -> None:
    export = export_of(rows("clips")[0], render_lease)
    for _ in range(2):
        assert sql.finish_job(render_lease, "completed", export=export) == "finished"
    (row,) = rows("exports")
    assert (row["job_id"], row["preset"]) == (render_lease.job_id, "tiktok")
    assert rows("projects")[0]["status"] == "ready_for_triage"


@pytest.mark.parametrize("change", [{"preset": "vhs"}, {"clip_id": str(uuid4())}])
def test_an_export_that_does_not_fit_ends_nothing(
    sql: SqlClient, render_lease: Lease, rows: Rows, change: dict[str, str]
) -> None:
    export = export_of(rows("clips")[0], render_lease, **change)
    before = rows("jobs"), rows("locks")
    with pytest.raises(psycopg.errors.IntegrityError):
        sql.finish_job(render_lease, "completed", export=export)
    assert (rows("jobs"), rows("locks")) == before
    assert rows("exports") == []


def test_an_export_is_of_a_clip_of_its_own_project(
    sql: SqlClient, render_lease: Lease, rows: Rows
) -> None:
    job = sql.start_job(sql.create_project().id).job
    assert job is not None
    elsewhere = sql.claim_job(job.id).lease
    assert elsewhere is not None
    export = export_of(rows("clips")[0], elsewhere)
    with pytest.raises(psycopg.errors.NotNullViolation, match="clip_id"):
        sql.finish_job(elsewhere, "completed", export=export)


async def test_a_finish_that_waited_until_after_expiry_is_lost(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        finish = await race.waiting(lambda: race.live.finish_job(live_lease))
        race.clock.advance(TTL)
    assert await finish == "lost"
    assert rows("jobs")[0]["status"] == "running"


async def test_a_finish_that_waited_behind_a_cancel_is_told_so(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    with race.other.connection.transaction():
        assert race.other.cancel_job(live_lease.project_id).outcome == "cancelled"
        finish = await race.waiting(lambda: race.live.finish_job(live_lease))
    assert await finish == "cancelled"
    assert rows("jobs")[0]["status"] == "cancelled"


async def test_a_cancel_that_waited_behind_a_finish_finds_nothing_running(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    with race.other.connection.transaction():
        assert race.other.finish_job(live_lease) == "finished"
        cancel = await race.waiting(lambda: race.live.cancel_job(live_lease.project_id))
    assert (await cancel).outcome == "idle"
    assert rows("jobs")[0]["status"] == "completed"
    assert rows("generation_progress")[0]["percentage"] == 100
