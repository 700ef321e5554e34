"""Projects, sources and clips as the library writes and lists them, each for its owner only."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.jobs.records import Clip, Lease
from tests.sql.client import SqlClient
from tests.sql.values import SOURCE_FACTS, Rows, after, clip_facts

STRANGER = UUID(int=8)


def test_a_project_is_created_idle(sql: SqlClient, owner: UUID) -> None:
    project = sql.create_project(owner_id=owner, name="Summer")
    assert (project.owner_id, project.name, project.status) == (owner, "Summer", "created")
    assert project.created_at == project.updated_at == after(0)
    assert UUID(project.id)


def test_a_project_id_can_be_used_once(sql: SqlClient) -> None:
    sql.create_project("reel-1")
    with pytest.raises(psycopg.errors.UniqueViolation):
        sql.create_project("reel-1")


@pytest.mark.parametrize("project_id", ["", "a/b", "..", "a b", "x" * 65, "a\n", "ä"])
def test_a_project_id_is_a_safe_path_segment(sql: SqlClient, project_id: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.create_project(project_id)


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_an_empty_or_too_long_name_is_refused(sql: SqlClient, project: str, name: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.create_project(name=name)
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.update_project(project, name=name)


def test_a_project_is_renamed_by_its_owner_only(
    sql: SqlClient, project: str, owner: UUID, rows: Rows
) -> None:
    assert sql.update_project(project, name="Mine now", owner_id=STRANGER) == []
    (renamed,) = sql.at(5).update_project(project, name="Winter", owner_id=owner)
    assert (renamed.name, renamed.updated_at) == ("Winter", after(5))
    assert rows("projects")[0]["name"] == "Winter"


def test_an_owners_projects_are_listed_newest_first_page_by_page(
    sql: SqlClient, owner: UUID
) -> None:
    created = [sql.at(s).create_project(owner_id=owner).id for s in (2, 0, 0, 1, 2)]
    sql.create_project(owner_id=STRANGER)
    listed: list[str] = []
    after_last: dict[str, Any] = {}
    for _page in range(3):
        page = sql.list_projects(owner, limit=2, **after_last)
        listed += [project.id for project in page]
        after_last = {"after_created_at": page[-1].created_at, "after_id": page[-1].id}
    assert sql.list_projects(owner, limit=2, **after_last) == []
    assert listed == created[::-1]
    assert len(sql.list_projects(None)) == 6


def test_a_source_is_pending_until_it_is_confirmed(
    sql: SqlClient, project: str, owner: UUID
) -> None:
    source_id = uuid4()
    (source,) = sql.create_source(project, owner_id=owner, source_id=source_id)
    assert (source.id, source.status, source.duration_seconds) == (source_id, "pending", None)
    (confirmed,) = sql.confirm_source(source_id, owner_id=owner)
    assert confirmed.status == "ready"
    assert confirmed.model_dump(include=set(SOURCE_FACTS)) == SOURCE_FACTS


def test_confirming_again_changes_nothing(sql: SqlClient, project: str) -> None:
    (source,) = sql.create_source(project)
    first = sql.confirm_source(source.id)
    assert sql.confirm_source(source.id, width=1) == first


def test_a_source_that_was_not_probed_is_not_ready(sql: SqlClient, project: str) -> None:
    (source,) = sql.create_source(project)
    wrong: list[dict[str, Any]] = [
        {"size_bytes": None},
        {"duration_seconds": 0},
        {"has_audio": None},
        {"width": 0},
    ]
    for change in wrong:
        with pytest.raises(psycopg.errors.CheckViolation):
            sql.confirm_source(source.id, **change)


TRACK = SOURCE_FACTS["audio_tracks"][0]


@pytest.mark.parametrize(
    "tracks",
    [
        "aac",
        TRACK,
        [5],
        [[]],
        [{}],
        [TRACK, TRACK | {"number": -1}],
        [TRACK | {"number": "0"}],
        [TRACK | {"codec": None}],
        [TRACK | {"channels": 0}],
        [TRACK | {"sample_rate": 0}],
        [TRACK | {"default": 1}],
        [TRACK | {"decodable": None}],
        [{name: value for name, value in TRACK.items() if name != "channels"}],
    ],
)
def test_the_sound_tracks_of_a_source_are_a_list_of_tracks(
    sql: SqlClient, project: str, tracks: Any
) -> None:
    (source,) = sql.create_source(project)
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.confirm_source(source.id, audio_tracks=tracks)


@pytest.mark.parametrize(
    "tracks",
    [(), (TRACK, TRACK | {"number": 1, "channels": None, "sample_rate": None}), None],
)
def test_a_source_keeps_its_sound_tracks(
    sql: SqlClient, project: str, tracks: tuple[dict[str, Any], ...] | None
) -> None:
    """None is what a library that is older than the column confirms with."""
    (source,) = sql.create_source(project)
    assert source.audio_tracks is None
    (confirmed,) = sql.confirm_source(source.id, audio_tracks=tracks)
    assert confirmed.model_dump()["audio_tracks"] == tracks


def test_only_the_owner_adds_confirms_and_sees_sources(
    sql: SqlClient, project: str, owner: UUID
) -> None:
    assert sql.create_source(project, owner_id=STRANGER) == []
    assert sql.create_source("nowhere", owner_id=owner) == []
    (source,) = sql.create_source(project, owner_id=owner)
    assert sql.confirm_source(source.id, owner_id=STRANGER) == []
    assert sql.list_sources(project, owner_id=STRANGER) == []
    assert [row.status for row in sql.list_sources(project, owner_id=owner)] == ["pending"]


def test_a_source_is_got_by_its_owner_only(sql: SqlClient, project: str, owner: UUID) -> None:
    (source,) = sql.create_source(project)
    assert sql.get_source(source.id, owner_id=owner) == [source]
    assert sql.get_source(source.id, owner_id=STRANGER) == sql.get_source(uuid4()) == []


def test_an_upload_may_have_another_type_than_announced(sql: SqlClient, project: str) -> None:
    (source,) = sql.create_source(project)
    (confirmed,) = sql.confirm_source(source.id, content_type="video/webm")
    assert confirmed.content_type == "video/webm"


def test_sources_are_listed_newest_first_page_by_page(sql: SqlClient, project: str) -> None:
    ids = [sql.at(second).create_source(project)[0].id for second in (2, 0, 1)]
    page = sql.list_sources(project, limit=2)
    assert [source.id for source in page] == [ids[2], ids[1]]
    rest = sql.list_sources(project, after_created_at=page[-1].created_at, after_id=page[-1].id)
    assert [source.id for source in rest] == [ids[0]]


@pytest.fixture
def clip(sql: SqlClient, lease: Lease) -> Clip:
    clip = sql.record_clip(lease, 1).clip
    assert clip is not None
    return clip


def test_a_clip_is_named_and_selected_by_its_owner_only(
    sql: SqlClient, clip: Clip, owner: UUID
) -> None:
    assert sql.update_clip(clip.id, owner_id=STRANGER, is_selected=True) == []
    (selected,) = sql.at(1).update_clip(clip.id, owner_id=owner, is_selected=True)
    (named,) = sql.at(2).update_clip(clip.id, owner_id=owner, variant_name="Sunset")
    assert selected == clip.model_copy(update={"is_selected": True, "updated_at": after(1)})
    assert named == selected.model_copy(update={"variant_name": "Sunset", "updated_at": after(2)})


def test_the_exports_of_a_clip_are_listed_newest_first_page_by_page(
    sql: SqlClient, lease: Lease, clip: Clip, owner: UUID
) -> None:
    sql.finish_job(lease)
    made: list[UUID] = []
    for second in (3, 1, 2):
        job = sql.at(second).start_job(lease.project_id, kind="final_render").job
        assert job is not None
        render = sql.claim_job(job.id).lease
        assert render is not None
        made.append(job.id)
        facts = clip_facts(render, 1) | {"clip_id": str(clip.id), "preset": "tiktok"}
        sql.finish_job(render, export=facts | {"options": {"crf": 18}})
    page = sql.list_exports(clip.id, owner_id=owner, limit=2)
    assert [export.job_id for export in page] == [made[2], made[1]]
    rest = sql.list_exports(clip.id, after_created_at=page[-1].created_at, after_id=page[-1].id)
    assert [export.job_id for export in rest] == [made[0]]
    assert sql.list_exports(clip.id, owner_id=STRANGER) == sql.list_exports(uuid4()) == []


def test_clips_are_listed_by_owner_by_project_and_one_by_one(
    sql: SqlClient, lease: Lease, clip: Clip, owner: UUID
) -> None:
    second = sql.at(-1).record_clip(lease, 2).clip
    assert second is not None
    other_job = sql.start_job(sql.create_project(owner_id=owner).id).job
    assert other_job is not None
    other_lease = sql.claim_job(other_job.id).lease
    assert other_lease is not None
    third = sql.at(2).record_clip(other_lease, 1).clip
    assert third is not None
    assert [row.id for row in sql.list_clips(owner_id=owner)] == [third.id, second.id, clip.id]
    assert sql.list_clips(owner_id=owner, project_id=lease.project_id, limit=1) == [second]
    assert sql.list_clips(owner_id=owner, clip_id=clip.id) == [clip]
    rest = sql.list_clips(
        project_id=lease.project_id, after_created_at=second.created_at, after_id=second.id
    )
    assert rest == [clip]
    assert sql.list_clips(owner_id=STRANGER) == []
    assert sql.list_clips(owner_id=STRANGER, clip_id=clip.id) == []
