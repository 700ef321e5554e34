"""What the tables themselves refuse, even from a SQL function with a bug."""

from typing import LiteralString

import psycopg
import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.support.database import Connection

SECOND_JOB: LiteralString = (
    "insert into editai_jobs (id, project_id, kind, params, first_variant_number, max_attempts,"
    " deadline_at, status, finished_at, idempotency_key, request_hash)"
    " select gen_random_uuid(), project_id, kind, params, 1, 3, deadline_at, %s,"
    " case when %s in ('queued', 'running') then null else now() end, %s, %s from editai_jobs"
)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_no_two_jobs_are_active_on_one_project(queued: Job, admin: Connection, status: str) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation, match="one_active_per_project"):
        admin.execute(SECOND_JOB, [status, status, None, None])
    admin.execute(SECOND_JOB, ["failed", "failed", None, None])


def test_an_idempotency_key_names_one_job_of_a_project(
    sql: SqlClient, project: str, admin: Connection
) -> None:
    sql.start_job(project, idempotency_key="k1", request_hash="h1")
    with pytest.raises(psycopg.errors.UniqueViolation, match="idempotency_key"):
        admin.execute(SECOND_JOB, ["failed", "failed", "k1", "h1"])


WRONG: dict[str, LiteralString] = {
    "attempts past the maximum": "update editai_jobs set attempt = max_attempts + 1",
    "an end without a time": "update editai_jobs set status = 'completed'",
    "a time without an end": "update editai_jobs set finished_at = now()",
    "an unknown job status": "update editai_jobs set status = 'paused'",
    "an unknown project status": "update editai_projects set status = 'busy'",
    "more than all": "update editai_generation_progress set percentage = 101",
    "less than nothing": "update editai_generation_progress set percentage = -1",
    "a checkpoint of more than all": "update editai_generation_progress set checkpoint_percentage = 101",
    "time remaining below zero": "update editai_generation_progress set estimated_remaining = -1",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_table_refuses(lease: Lease, admin: Connection, wrong: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(WRONG[wrong])


# A row's file is served and removed on the row's word alone, so it must not speak of another project's.
FOREIGN: dict[str, LiteralString] = {
    "a source's file": "update editai_sources set storage_path = 'other/sources/a.mp4'",
    "a clip's file": "update editai_clips set storage_path = 'other' || storage_path",
    "a clip's picture": "update editai_clips set thumbnail_path = 'other/jobs/a.jpg'",
    "a clip's file of another job": "update editai_clips set storage_path = project_id || '/jobs/a.mp4'",
    "an export's file": "update editai_exports set storage_path = 'other' || storage_path",
    "an export's picture": "update editai_exports set thumbnail_path = 'other/jobs/a.jpg'",
    "garbage": "update editai_storage_garbage set prefix = 'other/jobs/a/'",
    "garbage of all projects": "update editai_storage_garbage set prefix = ''",
    "garbage that is a whole project": "update editai_storage_garbage set prefix = project_id || '/'",
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_row_points_at_files_of_its_own_project(
    lease: Lease, sql: SqlClient, admin: Connection, foreign: str
) -> None:
    sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    sql.discard_outputs(lease)
    admin.execute(EXPORT_OF_EACH_CLIP)
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(FOREIGN[foreign])


EXPORT_OF_EACH_CLIP: LiteralString = (
    "insert into editai_exports (project_id, clip_id, job_id, preset, options, storage_path,"
    " thumbnail_path, duration_seconds, size_bytes, width, height, frame_rate)"
    " select project_id, id, job_id, 'tiktok', '{}', storage_path, thumbnail_path, 1, 1, 1, 1, 1"
    " from editai_clips"
)


def test_one_job_makes_one_export(lease: Lease, sql: SqlClient, admin: Connection) -> None:
    sql.record_clip(lease, 1)
    admin.execute(EXPORT_OF_EACH_CLIP)
    with pytest.raises(psycopg.errors.UniqueViolation):
        admin.execute(EXPORT_OF_EACH_CLIP)
