"""Deleting projects and sources: never under a live lease or a waiting job, never partly, never with a deadlock."""

from uuid import UUID

import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import DISPATCH_TTL, TTL, Rows


def test_a_deleted_project_leaves_no_rows(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    other = sql.create_project().id
    sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    assert sql.delete_project(lease.project_id).outcome == "deleted"
    tables = ("sources", "jobs", "clips", "exports", "generation_progress", "locks")
    assert {table: rows(table) for table in tables} == {table: [] for table in tables}
    assert [row["id"] for row in rows("projects")] == [other]


def test_a_project_with_a_live_lease_is_not_deleted(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    answer = sql.at(TTL - 0.001).delete_project(lease.project_id)
    assert (answer.outcome, answer.lease) == ("busy", lease)
    assert len(rows("projects")) == len(rows("jobs")) == 1
    assert rows("storage_garbage") == []


def test_a_project_with_an_expired_lease_is_deleted(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    assert sql.at(TTL).delete_project(lease.project_id).outcome == "deleted"
    assert rows("locks") == rows("jobs") == []
    assert sql.heartbeat(lease, 50).outcome == "lost"
    assert sql.record_clip(lease, 1).outcome == "lost"
    assert sql.finish_job(lease) == "lost"
    assert lease.job_id is not None
    assert sql.claim_job(lease.job_id).outcome == "job_not_found"


def test_a_project_whose_job_waits_for_a_worker_keeps_its_rows(
    sql: SqlClient, queued: Job, rows: Rows
) -> None:
    """A slow queue must not cost the job its source, or its project."""
    (source,) = sql.create_source(queued.project_id)
    sql.at(DISPATCH_TTL)
    for answer in (sql.delete_project(queued.project_id), sql.delete_source(source.id)):
        assert answer.outcome == "busy"
        assert answer.lease is not None
        assert (answer.lease.job_id, answer.lease.expires_at) == (queued.id, queued.deadline_at)
    assert len(rows("projects")) == len(rows("sources")) == len(rows("jobs")) == 1
    assert sql.at(3600).delete_project(queued.project_id).outcome == "deleted"


def test_deleting_again_finds_nothing(sql: SqlClient, project: str) -> None:
    assert sql.delete_project(project).outcome == "deleted"
    assert sql.delete_project(project).outcome == "project_not_found"


def test_another_owners_project_is_not_found_by_a_deletion(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    assert sql.delete_project(project, owner_id=UUID(int=8)).outcome == "project_not_found"
    assert len(rows("projects")) == 1


def test_a_source_is_deleted_and_its_clips_stay(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    (source,) = sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    assert sql.delete_source(source.id).outcome == "deleted"
    assert rows("sources") == []
    assert len(rows("clips")) == 1
    assert sql.delete_source(source.id).outcome == "source_not_found"


def test_a_file_belongs_to_the_library_while_a_row_names_it(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    (source,) = sql.create_source(lease.project_id)
    sql.record_clip(lease, 1)
    clip = rows("clips")[0]["storage_path"]
    assert sql.has_file(source.storage_path)
    assert sql.has_file(clip)
    assert not sql.has_file(f"{clip}.old")
    sql.finish_job(lease)
    sql.delete_source(source.id)
    assert not sql.has_file(source.storage_path)
    assert sql.has_file(clip)


def test_a_source_that_a_job_may_be_reading_stays(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    (source,) = sql.create_source(lease.project_id)
    answer = sql.delete_source(source.id)
    assert (answer.outcome, answer.lease) == ("busy", lease)
    assert len(rows("sources")) == 1
    assert sql.at(TTL).delete_source(source.id).outcome == "deleted"


def test_another_owners_source_is_not_found_by_a_deletion(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    (source,) = sql.create_source(project)
    assert sql.delete_source(source.id, owner_id=UUID(int=8)).outcome == "source_not_found"
    assert len(rows("sources")) == 1


@pytest.mark.parametrize("write", ["record_clip", "heartbeat"])
async def test_a_deletion_waits_for_a_holders_write_and_then_finds_the_project_busy(
    race: Race, live_lease: Lease, rows: Rows, write: str
) -> None:
    """The holder locks lease, then project by its foreign keys; the deletion project, then lease."""
    race.admin.execute("delete from editai_generation_progress")  # so that the heartbeat inserts
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        deletion = await race.waiting(lambda: race.live.delete_project(live_lease.project_id))
        if write == "record_clip":
            assert race.other.record_clip(live_lease, 1).outcome == "recorded"
        else:
            assert race.other.heartbeat(live_lease, 50).outcome == "held"
    assert (await deletion).outcome == "busy"
    assert len(rows("projects")) == 1


async def test_a_source_created_while_its_project_is_deleted_leaves_its_file_as_garbage(
    race: Race, project: str, rows: Rows
) -> None:
    """Its caller has been told where to upload it."""
    with race.other.connection.transaction():
        (source,) = race.other.create_source(project)
        deletion = await race.waiting(lambda: race.live.delete_project(project))
    assert (await deletion).outcome == "deleted"
    assert {row["prefix"] for row in rows("storage_garbage")} == {source.storage_path}


async def test_no_source_is_created_in_a_project_that_is_just_being_deleted(
    race: Race, project: str, rows: Rows
) -> None:
    with race.other.connection.transaction():
        assert race.other.delete_project(project).outcome == "deleted"
        creation = await race.waiting(lambda: race.live.create_source(project))
    assert await creation == []
    assert rows("storage_garbage") == []


@pytest.mark.parametrize("write", ["record_clip", "heartbeat", "finish_job"])
async def test_a_write_that_waited_behind_the_deletion_is_lost(
    race: Race, live_lease: Lease, rows: Rows, write: str
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        assert race.other.delete_project(live_lease.project_id).outcome == "deleted"
        arguments = {"record_clip": (1,), "heartbeat": (50,), "finish_job": ()}[write]
        call = getattr(race.live, write)
        late = await race.waiting(lambda: call(live_lease, *arguments))
    answer = await late
    assert getattr(answer, "outcome", answer) == "lost"
    assert rows("projects") == rows("clips") == rows("generation_progress") == rows("locks") == []


async def test_a_start_that_waited_behind_the_deletion_finds_no_project(
    race: Race, rows: Rows
) -> None:
    project = race.live.create_project().id
    with race.other.connection.transaction():
        assert race.other.delete_project(project).outcome == "deleted"
        start = await race.waiting(lambda: race.live.start_job(project))
    assert (await start).outcome == "project_not_found"
    assert rows("locks") == []


async def test_a_source_is_not_created_in_a_project_that_is_being_deleted(race: Race) -> None:
    project = race.live.create_project().id
    with race.other.connection.transaction():
        race.other.delete_project(project)
        created = await race.waiting(lambda: race.live.create_source(project))
    assert await created == []


async def test_a_source_is_not_confirmed_while_it_is_being_deleted(race: Race) -> None:
    (source,) = race.live.create_source(race.live.create_project().id)
    with race.other.connection.transaction():
        race.other.delete_source(source.id)
        confirmed = await race.waiting(lambda: race.live.confirm_source(source.id))
    assert await confirmed == []


async def test_a_deletion_that_waited_behind_a_start_finds_the_project_busy(race: Race) -> None:
    project = race.live.create_project().id
    with race.other.connection.transaction():
        race.other.start_job(project)
        deletion = await race.waiting(lambda: race.live.delete_project(project))
    assert (await deletion).outcome == "busy"


async def test_a_source_whose_deletion_waited_behind_a_start_stays(race: Race, rows: Rows) -> None:
    project = race.live.create_project().id
    (source,) = race.live.create_source(project)
    race.live.confirm_source(source.id)
    with race.other.connection.transaction():
        race.other.start_job(project, source_ids=[source.id])
        deletion = await race.waiting(lambda: race.live.delete_source(source.id))
    assert (await deletion).outcome == "busy"
    assert len(rows("sources")) == 1


async def test_a_source_that_is_deleted_twice_at_once_is_deleted_once(
    race: Race, project: str, rows: Rows
) -> None:
    (source,) = race.other.create_source(project)
    with race.other.connection.transaction():
        assert race.other.delete_source(source.id).outcome == "deleted"
        again = await race.waiting(lambda: race.live.delete_source(source.id))
    assert (await again).outcome == "source_not_found"
    prefixes = [(row["prefix"], row["not_before"]) for row in rows("storage_garbage")]
    assert len(prefixes) == len(set(prefixes)) == 2  # at once, and when its upload URL has expired
