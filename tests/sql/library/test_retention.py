"""What cleanup removes after its time: jobs and idempotency keys. What a job made stays."""

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows
from tests.support.database import Connection

DAY = 86400.0
KEPT = 90 * DAY


def end_job(sql: SqlClient, project_id: str, **options: str) -> Job:
    job = sql.start_job(project_id, **options).job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    sql.finish_job(lease)
    return job


def test_a_job_is_removed_after_its_time_and_its_clips_stay(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    clip = sql.record_clip(lease, 1).clip
    sql.at(5).finish_job(lease)
    assert sql.at(5 + KEPT - 1).cleanup_jobs(max_age_seconds=KEPT) == 0
    assert sql.at(5 + KEPT).cleanup_jobs(max_age_seconds=KEPT) == 1
    assert rows("jobs") == []
    assert sql.list_clips() == [clip]
    assert sql.list_storage_garbage() == []


def test_an_active_job_is_never_removed(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    assert sql.at(2 * KEPT).cleanup_jobs() == 0
    assert [row["id"] for row in rows("jobs")] == [lease.job_id]


def test_the_progress_of_a_removed_job_stays(sql: SqlClient, lease: Lease) -> None:
    sql.finish_job(lease)
    sql.at(1).cleanup_jobs()
    progress = sql.read_progress(lease.project_id)
    assert progress is not None
    assert (progress.percentage, progress.job_id, progress.stalled) == (100, None, False)


def test_late_calls_for_a_removed_job_change_nothing(sql: SqlClient, lease: Lease) -> None:
    assert lease.job_id is not None
    sql.finish_job(lease)
    sql.at(1).cleanup_jobs()
    assert sql.claim_job(lease.job_id).outcome == "job_not_found"
    assert sql.heartbeat(lease, 50).outcome == "lost"
    assert sql.record_clip(lease, 1).outcome == "lost"
    assert sql.finish_job(lease) == "lost"


def test_jobs_are_removed_up_to_the_limit_the_longest_ended_first(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    jobs = [end_job(sql.at(second), project) for second in (0, 1, 2)]
    assert sql.at(10).cleanup_jobs(limit=2) == 2
    assert [row["id"] for row in rows("jobs")] == [jobs[2].id]
    assert sql.cleanup_jobs(limit=2) == 1


def test_a_project_whose_jobs_are_removed_leaves_no_file_when_it_is_deleted(
    sql: SqlClient, lease: Lease
) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    sql.at(10).cleanup_jobs()
    sql.delete_project(lease.project_id)
    (garbage,) = sql.at(10 + 300).list_storage_garbage()
    assert garbage.prefix == f"{lease.project_id}/jobs/{lease.job_id}/"
    assert garbage.keep_paths == ()


def test_tokens_and_numbers_of_clips_go_on_after_jobs_are_removed(
    sql: SqlClient, lease: Lease
) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    sql.at(10).cleanup_jobs()
    start = sql.start_job(lease.project_id)
    assert start.job is not None
    assert start.lease is not None
    assert start.job.first_variant_number == 2
    assert start.lease.fencing_token > lease.fencing_token


def test_a_locked_job_and_one_that_raises_an_error_hold_up_no_other(
    race: Race, admin: Connection, rows: Rows
) -> None:
    jobs = [end_job(race.live, race.live.create_project().id) for _ in range(3)]
    admin.execute("create table public.referring (job_id uuid references public.editai_jobs)")
    try:
        admin.execute("insert into public.referring values (%s)", [jobs[1].id])
        with race.other.connection.transaction():
            race.other.connection.execute(
                "select 1 from editai_jobs where id = %s for update", [jobs[0].id]
            )
            assert race.live.cleanup_jobs(limit=1) == 1
        assert {row["id"] for row in rows("jobs")} == {jobs[0].id, jobs[1].id}
        assert race.live.cleanup_jobs(limit=1) == 1
        assert [row["id"] for row in rows("jobs")] == [jobs[1].id]
    finally:
        admin.execute("drop table public.referring")


def test_a_key_starts_one_job_until_it_expires(sql: SqlClient, project: str, rows: Rows) -> None:
    request = {"idempotency_key": "once", "request_hash": "a"}
    job = end_job(sql, project, **request)
    assert sql.at(7 * DAY - 1).expire_idempotency_keys(max_age_seconds=7 * DAY) == 0
    replay = sql.start_job(project, **request)
    assert (replay.outcome, replay.job and replay.job.id) == ("replayed", job.id)
    assert sql.at(7 * DAY).expire_idempotency_keys(max_age_seconds=7 * DAY) == 1
    assert sql.expire_idempotency_keys(max_age_seconds=7 * DAY) == 0
    assert sql.start_job(project, **request).outcome == "started"
    assert len(rows("jobs")) == 2


def test_the_key_of_an_active_job_never_expires(sql: SqlClient, project: str) -> None:
    sql.start_job(project, idempotency_key="once", request_hash="a")
    assert sql.at(KEPT).expire_idempotency_keys() == 0


def test_keys_expire_up_to_the_limit(sql: SqlClient) -> None:
    for key in ("a", "b", "c"):
        end_job(sql, sql.create_project().id, idempotency_key=key, request_hash=key)
    sql.at(TTL)
    assert [sql.expire_idempotency_keys(limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_row_of_any_table_that_names_a_job_is_no_reason_to_lose_a_clip(
    admin: Connection,
) -> None:
    """No foreign key deletes anything because a job was removed, but the job's own history."""
    keys = admin.execute(
        "select conname from pg_constraint where contype = 'f'"
        " and confrelid = 'public.editai_jobs'::regclass"
    ).fetchall()
    assert keys == [{"conname": "editai_job_events_job_id_fkey"}]
