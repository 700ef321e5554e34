"""Garbage: files that no row points at any more, listed once their removal is safe, until they are removed."""

from typing import Any

import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Garbage, Rows, clip_facts, uploaded_source
from tests.support.database import Connection

GRACE = 300.0
"""How long after a job's end its files are left, for a holder that has not noticed yet."""

ATTEMPTS_END = 3600.0 + 3600.0
"""The tests' deadline and an hour: by then no attempt of a job is at work."""


def job_prefix(lease: Lease) -> str:
    return f"{lease.project_id}/jobs/{lease.job_id}/"


@pytest.mark.parametrize("end", ["cancelled", "failed", "superseded", "exhausted"])
def test_the_files_of_a_job_that_did_not_complete_become_garbage(
    sql: SqlClient, lease: Lease, end: str
) -> None:
    ended_at = 0.0
    if end == "cancelled":
        sql.cancel_job(lease.project_id)
    elif end == "failed":
        sql.finish_job(lease, "failed")
    elif end == "superseded":
        sql.at(ended_at := TTL).start_job(lease.project_id)
    else:
        sql.at(ended_at := 3600.0).cleanup_leases()
    assert sql.at(ended_at + GRACE - 0.001).list_storage_garbage() == []
    (garbage,) = sql.at(ended_at + GRACE).list_storage_garbage()
    assert garbage == Garbage(id=garbage.id, prefix=job_prefix(lease), keep_paths=())


@pytest.mark.parametrize("end", ["cancelled", "deleted"])
def test_files_of_a_worker_that_resumes_late_become_garbage_too(
    sql: SqlClient, lease: Lease, end: str
) -> None:
    """It may die before it can say that it has lost, when all else of its job has been removed."""
    sql.cancel_job(lease.project_id)
    if end == "deleted":
        sql.delete_project(lease.project_id)
    sql.forget_storage_garbage([g.id for g in sql.at(GRACE).list_storage_garbage()])
    assert sql.at(ATTEMPTS_END - 0.001).list_storage_garbage() == []
    prefixes = {garbage.prefix for garbage in sql.at(ATTEMPTS_END).list_storage_garbage()}
    assert prefixes == {job_prefix(lease)}


def test_recorded_clips_are_kept(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1)
    sql.cancel_job(lease.project_id)
    (garbage,) = sql.at(GRACE).list_storage_garbage()
    facts = clip_facts(lease, 1)
    assert set(garbage.keep_paths) == {facts["storage_path"], facts["thumbnail_path"]}


def test_clips_of_another_job_do_not_lengthen_the_list(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id).job
    assert job is not None
    sql.cancel_job(lease.project_id)
    (garbage,) = sql.at(GRACE).list_storage_garbage()
    assert (garbage.prefix, garbage.keep_paths) == (f"{lease.project_id}/jobs/{job.id}/", ())


def test_exports_are_kept(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id, kind="final_render").job
    assert job is not None
    sql.claim_job(job.id)
    render = sql.at(TTL).claim_job(job.id).lease
    assert render is not None
    path = f"{job_prefix(render)}{render.fencing_token}/export"
    export = clip_facts(render, 1) | {
        "clip_id": str(rows("clips")[0]["id"]),
        "preset": "tiktok",
        "options": dict[str, Any](),
        "storage_path": f"{path}.mp4",
        "thumbnail_path": f"{path}.jpg",
    }
    sql.finish_job(render, "completed", export=export)
    (garbage,) = sql.at(TTL + GRACE).list_storage_garbage()
    assert garbage.prefix == job_prefix(render)
    assert set(garbage.keep_paths) == {f"{path}.mp4", f"{path}.jpg"}


def test_a_lost_attempts_files_become_garbage_and_its_checkpoints_stay(
    sql: SqlClient, lease: Lease
) -> None:
    clip = sql.record_clip(lease, 1).clip
    assert clip is not None
    sql.discard_outputs(lease)
    assert sql.at(GRACE - 0.001).list_storage_garbage() == []
    (garbage,) = sql.at(GRACE).list_storage_garbage()
    assert garbage.prefix == f"{job_prefix(lease)}{lease.fencing_token}/"
    assert set(garbage.keep_paths) == {clip.storage_path, clip.thumbnail_path}


def test_garbage_stays_listed_until_it_is_forgotten(sql: SqlClient, lease: Lease) -> None:
    sql.cancel_job(lease.project_id)
    (garbage,) = sql.at(GRACE).list_storage_garbage()
    assert sql.list_storage_garbage() == [garbage]
    assert sql.forget_storage_garbage([garbage.id]) == 1
    assert sql.list_storage_garbage() == []
    assert sql.forget_storage_garbage([garbage.id]) == 0
    assert sql.forget_storage_garbage([]) == 0


def test_garbage_is_listed_oldest_first_up_to_the_limit(sql: SqlClient, project: str) -> None:
    for _ in range(3):
        sql.start_job(project)
        sql.cancel_job(project)
    sql.at(GRACE)
    listed = [garbage.id for garbage in sql.list_storage_garbage()]
    assert listed == sorted(listed)
    assert [garbage.id for garbage in sql.list_storage_garbage(limit=2)] == listed[:2]
    rest = sql.list_storage_garbage(limit=2, after_id=listed[1])
    assert [garbage.id for garbage in rest] == listed[2:]


def test_a_deleted_sources_file_becomes_garbage_at_once(sql: SqlClient, project: str) -> None:
    (source,) = sql.create_source(project)
    (kept,) = sql.create_source(project)
    sql.delete_source(source.id)
    (garbage,) = sql.list_storage_garbage()
    assert (garbage.prefix, garbage.keep_paths) == (source.storage_path, ())
    assert kept.storage_path != source.storage_path


UPLOADS_END = 3 * 3600.0
"""How long after a source was announced something may still be uploaded to its URL."""


@pytest.mark.parametrize("deleted", ["source", "project"])
def test_an_upload_to_a_deleted_source_becomes_garbage_after_its_url_has_expired(
    sql: SqlClient, project: str, deleted: str
) -> None:
    (source,) = sql.create_source(project)
    if deleted == "source":
        sql.delete_source(source.id)
    else:
        sql.delete_project(project)
    (first,) = sql.at(GRACE).list_storage_garbage()
    sql.forget_storage_garbage([first.id])
    assert sql.at(UPLOADS_END - 0.001).list_storage_garbage() == []
    (last,) = sql.at(UPLOADS_END).list_storage_garbage()
    assert last.prefix == first.prefix == source.storage_path


def test_the_file_of_an_older_source_goes_once(
    sql: SqlClient, project: str, admin: Connection
) -> None:
    (source,) = sql.create_source(project)
    sql.at(UPLOADS_END).delete_source(source.id)
    rows = admin.execute("select prefix from editai_storage_garbage").fetchall()
    assert rows == [{"prefix": source.storage_path}]


def test_a_deleted_projects_files_become_garbage(sql: SqlClient, lease: Lease) -> None:
    (source,) = sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    sql.delete_project(lease.project_id)
    assert sql.at(GRACE - 0.001).list_storage_garbage() == []
    listed = sql.at(GRACE).list_storage_garbage()
    assert {garbage.prefix for garbage in listed} == {source.storage_path, job_prefix(lease)}
    assert {garbage.keep_paths for garbage in listed} == {()}


def test_garbage_of_a_deleted_project_spares_a_new_project_of_the_same_id(
    sql: SqlClient, lease: Lease
) -> None:
    """A file that is being uploaded to a new project of the same id has no row yet to protect it."""
    sql.finish_job(lease)
    sql.delete_project(lease.project_id)
    sql.create_project(lease.project_id)
    upload = uploaded_source(lease.project_id)["storage_path"]
    prefixes = [garbage.prefix for garbage in sql.at(GRACE).list_storage_garbage()]
    assert prefixes
    assert not any(upload.startswith(prefix) for prefix in prefixes)


def test_sources_whose_upload_never_arrived_are_dropped(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    (stale,) = sql.create_source(project)
    (ready,) = sql.create_source(project)
    sql.confirm_source(ready.id)
    (recent,) = sql.at(10).create_source(project)
    assert sql.at(3599).cleanup_uploads(max_age_seconds=3600) == 0
    assert sql.at(3600).cleanup_uploads(max_age_seconds=3600) == 1
    assert {row["id"] for row in rows("sources")} == {ready.id, recent.id}
    assert [garbage.prefix for garbage in sql.list_storage_garbage()] == [stale.storage_path]


def test_sources_are_dropped_up_to_the_limit(sql: SqlClient, project: str) -> None:
    for _ in range(3):
        sql.create_source(project)
    assert sql.at(3600).cleanup_uploads(limit=2) == 2
    assert sql.cleanup_uploads(limit=2) == 1


async def test_an_upload_that_is_just_being_confirmed_is_not_dropped(
    race: Race, rows: Rows
) -> None:
    (source,) = race.live.create_source(race.live.create_project().id)
    with race.other.connection.transaction():
        race.other.confirm_source(source.id)
        assert race.live.cleanup_uploads(max_age_seconds=0) == 0
    assert rows("sources")[0]["status"] == "ready"


ANNOUNCED = 3600.0
"""How long an announced file waits for a row that points at it."""


def test_an_announced_file_that_no_job_started_with_becomes_garbage(
    sql: SqlClient, project: str
) -> None:
    path = uploaded_source(project)["storage_path"]
    sql.announce_upload(project, path)
    assert sql.at(ANNOUNCED - 0.001).list_storage_garbage() == []
    (garbage,) = sql.at(ANNOUNCED).list_storage_garbage()
    assert garbage == Garbage(id=garbage.id, prefix=path, keep_paths=())


def test_an_announced_file_is_kept_once_its_job_has_started(sql: SqlClient, project: str) -> None:
    source = uploaded_source(project)
    sql.announce_upload(project, source["storage_path"])
    assert sql.start_job(project, source=source).outcome == "started"
    (garbage,) = sql.at(ANNOUNCED).list_storage_garbage()
    assert garbage.keep_paths == (source["storage_path"],)
