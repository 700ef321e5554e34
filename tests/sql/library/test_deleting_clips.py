"""Deleting clips and exports: with their files, only for their owner, and never under a job that may read them."""

from uuid import UUID

import pytest

from shared.jobs.records import Export, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows, clip_facts

STRANGER = UUID(int=8)


@pytest.fixture
def export(sql: SqlClient, lease: Lease) -> Export:
    """A finished render of a clip whose project is free."""
    return make_export(sql, lease)


def make_export(sql: SqlClient, lease: Lease) -> Export:
    clip = sql.record_clip(lease, 1).clip
    assert clip is not None
    sql.finish_job(lease)
    render = start_render(sql, lease.project_id)
    path = f"{lease.project_id}/jobs/{render.job_id}/{render.fencing_token}/export"
    files = {"storage_path": f"{path}.mp4", "thumbnail_path": f"{path}.jpg"}
    row = clip_facts(render, 1) | files | {"clip_id": str(clip.id), "preset": "tiktok"}
    sql.finish_job(render, export=row | {"options": dict[str, str]()})
    (export,) = sql.list_exports(clip.id)
    return export


def start_render(sql: SqlClient, project_id: str) -> Lease:
    job = sql.start_job(project_id, kind="final_render").job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    return lease


def due(sql: SqlClient) -> dict[str, tuple[str, ...]]:
    return {garbage.prefix: garbage.keep_paths for garbage in sql.list_storage_garbage()}


def test_a_clip_is_deleted_with_its_exports_and_all_their_files(
    sql: SqlClient, export: Export, rows: Rows
) -> None:
    (clip,) = sql.list_clips()
    assert sql.delete_clip(clip.id).outcome == "deleted"
    assert rows("clips") == rows("exports") == []
    files = (clip.storage_path, clip.thumbnail_path, export.storage_path, export.thumbnail_path)
    assert due(sql) == dict.fromkeys(files, ())
    assert sql.delete_clip(clip.id).outcome == "clip_not_found"
    assert len(rows("storage_garbage")) == len(files)


def test_a_deleted_clip_leaves_the_files_of_its_neighbours(sql: SqlClient, lease: Lease) -> None:
    """`clip-1` is how the path of `clip-10` begins."""
    clips = [sql.record_clip(lease, number).clip for number in (1, 10)]
    sql.finish_job(lease)
    assert clips[0] is not None
    sql.delete_clip(clips[0].id)
    assert due(sql) == {clips[0].storage_path: (), clips[0].thumbnail_path: ()}
    assert sql.list_clips() == [clips[1]]


def test_an_export_is_deleted_with_its_files_and_its_clip_stays(
    sql: SqlClient, export: Export, rows: Rows
) -> None:
    assert sql.delete_export(export.id) == "deleted"
    assert rows("exports") == []
    assert len(rows("clips")) == 1
    assert due(sql) == {export.storage_path: (), export.thumbnail_path: ()}
    assert sql.delete_export(export.id) == "export_not_found"


def test_a_clip_that_a_render_reads_stays_and_an_export_need_not(
    sql: SqlClient, export: Export, rows: Rows
) -> None:
    render = start_render(sql, export.project_id)
    answer = sql.delete_clip(export.clip_id)
    assert (answer.outcome, answer.lease) == ("busy", render)
    assert len(rows("clips")) == len(rows("exports")) == 1
    assert rows("storage_garbage") == []
    assert sql.delete_export(export.id) == "deleted"
    assert sql.at(TTL).delete_clip(export.clip_id).outcome == "deleted"


def test_a_clip_whose_render_waits_for_a_worker_stays(sql: SqlClient, export: Export) -> None:
    sql.start_job(export.project_id, kind="final_render")
    assert sql.at(TTL).delete_clip(export.clip_id).outcome == "busy"


def test_another_owners_clip_or_export_is_not_found(
    sql: SqlClient, export: Export, owner: UUID, rows: Rows
) -> None:
    assert sql.delete_clip(export.clip_id, owner_id=STRANGER).outcome == "clip_not_found"
    assert sql.delete_export(export.id, owner_id=STRANGER) == "export_not_found"
    assert len(rows("clips")) == len(rows("exports")) == 1
    assert sql.delete_export(export.id, owner_id=owner) == "deleted"
    assert sql.delete_clip(export.clip_id, owner_id=owner).outcome == "deleted"


def test_the_number_of_a_deleted_clip_may_be_used_again(sql: SqlClient, export: Export) -> None:
    sql.delete_clip(export.clip_id)
    job = sql.start_job(export.project_id).job
    assert job is not None
    assert job.first_variant_number == 1
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    assert sql.record_clip(lease, 1).outcome == "recorded"


async def test_a_clip_whose_deletion_waited_behind_a_render_stays(
    race: Race, live_lease: Lease
) -> None:
    export = make_export(race.live, live_lease)
    with race.other.connection.transaction():
        race.other.start_job(export.project_id, kind="final_render")
        deletion = await race.waiting(lambda: race.live.delete_clip(export.clip_id))
    assert (await deletion).outcome == "busy"


@pytest.mark.parametrize("what", ["clip", "export"])
async def test_what_is_deleted_twice_at_once_is_deleted_once(
    race: Race, live_lease: Lease, rows: Rows, what: str
) -> None:
    export = make_export(race.live, live_lease)

    def delete(sql: SqlClient) -> str:
        if what == "clip":
            return sql.delete_clip(export.clip_id).outcome
        return sql.delete_export(export.id)

    with race.other.connection.transaction():
        assert delete(race.other) == "deleted"
        again = await race.waiting(lambda: delete(race.live))
    assert await again == f"{what}_not_found"
    prefixes = [row["prefix"] for row in rows("storage_garbage")]
    assert len(prefixes) == len(set(prefixes)) == (4 if what == "clip" else 2)
