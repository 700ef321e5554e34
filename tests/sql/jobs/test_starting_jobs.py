"""Starting a job: lease, job, progress and status in one transaction, or a reason."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import DISPATCH_TTL, TTL, Rows, after, uploaded_source
from tests.support.database import Connection

WRITTEN = ("locks", "jobs", "generation_progress", "sources", "storage_garbage")


def test_a_start_writes_lease_job_progress_and_status(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    job_id, lease_id = uuid4(), uuid4()
    start = sql.start_job(project, job_id=job_id, lease_id=lease_id, deadline_seconds=600.0)
    assert start.outcome == "started"
    assert start.job is not None
    assert start.job.model_dump(exclude={"created_at"}) == {
        "id": job_id,
        "project_id": project,
        "kind": "raw_clips",
        "status": "queued",
        "params": {"variant_count": 3},
        "first_variant_number": 1,
        "attempt": 0,
        "max_attempts": 3,
        "fencing_token": None,
        "deadline_at": after(600),
        "result": None,
        "error": None,
        "started_at": None,
        "finished_at": None,
        "checkpoint": None,
    }
    assert start.lease is not None
    assert (start.lease.lease_id, start.lease.job_id) == (lease_id, job_id)
    assert start.lease.expires_at == after(DISPATCH_TTL)
    (progress,) = rows("generation_progress")
    assert progress == {
        "project_id": project,
        "percentage": 0,
        "current_step": "Queued",
        "estimated_remaining": None,
        "updated_at": after(0),
        "fencing_token": start.lease.fencing_token,
        "checkpoint_percentage": 0,
        "changed_at": after(0),
    }
    assert rows("projects")[0]["status"] == "generating"


def test_a_final_render_is_rendering(sql: SqlClient, project: str, rows: Rows) -> None:
    sql.start_job(project, kind="final_render")
    assert rows("projects")[0]["status"] == "rendering"


def test_a_source_that_comes_with_the_start_is_recorded(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    source = uploaded_source(project)
    assert sql.start_job(project, source=source).outcome == "started"
    (row,) = rows("sources")
    assert (row["id"], row["status"], row["project_id"]) == (UUID(source["id"]), "ready", project)
    assert row["duration_seconds"] == source["duration_seconds"]


@pytest.mark.parametrize("path", ["dispatch", "worker"])
def test_a_busy_project_refuses_and_names_its_holder(
    sql: SqlClient, project: str, rows: Rows, path: str
) -> None:
    held = sql.start_job(project)
    assert held.job is not None
    assert held.lease is not None
    holder = (
        held.lease.model_copy(update={"expires_at": held.job.deadline_at})
        if path == "dispatch"
        else sql.claim_job(held.job.id).lease
    )
    before = [rows(table) for table in WRITTEN]
    for answer in (sql.at(29).start_job(project), sql.check_project(project)):
        assert answer.outcome == "busy"
        assert answer.job is not None
        assert (answer.job.id, answer.lease) == (held.job.id, holder)
    assert [rows(table) for table in WRITTEN] == before


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_refusal_locks_no_row_and_spends_no_token(
    sql: SqlClient, queued: Job, status: str, admin: Connection
) -> None:
    query = "select ctid::text, xmin::text, xmax::text from editai_{}"
    tables = ("projects", "locks", "jobs", "generation_progress")
    if status == "running":
        sql.claim_job(queued.id)
    token = sql.acquire_lease("first").lease.fencing_token
    sql.at(DISPATCH_TTL if status == "queued" else 0)
    before = [admin.execute(query.format(table).encode()).fetchall() for table in tables]
    assert sql.start_job(queued.project_id).outcome == "busy"
    assert sql.acquire_lease(queued.project_id).granted is False
    assert [admin.execute(query.format(t).encode()).fetchall() for t in tables] == before
    assert sql.acquire_lease("second").lease.fencing_token == token + 1


@pytest.mark.parametrize("lost", [False, True], ids=["expired dispatch lease", "no lease row"])
def test_a_job_that_waits_for_a_worker_holds_its_project_until_its_deadline(
    sql: SqlClient, queued: Job, admin: Connection, rows: Rows, *, lost: bool
) -> None:
    """However slow the queue is: the job that waits has done nothing wrong, and another start would end it."""
    if lost:
        admin.execute("delete from editai_locks")
    for seconds in (DISPATCH_TTL, 3599.9):
        sql.at(seconds)
        for answer in (sql.check_project(queued.project_id), sql.start_job(queued.project_id)):
            assert answer.outcome == "busy"
            assert answer.job is not None
            assert answer.lease is not None
            assert (answer.job.id, answer.lease.job_id) == (queued.id, queued.id)
            assert answer.lease.expires_at == queued.deadline_at
        acquired = sql.acquire_lease(queued.project_id)
        assert (acquired.granted, acquired.lease.job_id) == (False, queued.id)
    assert [row["status"] for row in rows("jobs")] == ["queued"]
    claim = sql.claim_job(queued.id)
    assert (claim.outcome, claim.job and claim.job.attempt) == ("claimed", 1)


def test_a_job_that_waits_past_its_deadline_gives_way_to_the_next(
    sql: SqlClient, queued: Job, rows: Rows
) -> None:
    start = sql.at(3600).start_job(queued.project_id)
    assert (start.outcome, start.superseded_job_id) == ("started", queued.id)
    assert sorted(row["status"] for row in rows("jobs")) == ["failed", "queued"]


def test_the_same_job_again_returns_what_the_first_call_started(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    job_id, lease_id = uuid4(), uuid4()
    first = sql.start_job(project, job_id=job_id, lease_id=lease_id)
    before = [rows(table) for table in WRITTEN]
    again = sql.at(5).start_job(project, job_id=job_id, lease_id=lease_id)
    assert (again.outcome, again.job) == ("replayed", first.job)
    assert [rows(table) for table in WRITTEN] == before


def test_an_idempotency_key_replays_even_after_the_job_has_ended(
    sql: SqlClient, project: str
) -> None:
    keyed: dict[str, Any] = {"idempotency_key": "k1", "request_hash": "h1"}
    first = sql.start_job(project, **keyed).job
    assert first is not None
    lease = sql.claim_job(first.id).lease
    assert lease is not None
    sql.finish_job(lease)
    again = sql.start_job(project, **keyed)
    assert again.job is not None
    assert (again.outcome, again.job.id, again.job.status) == ("replayed", first.id, "completed")
    check = sql.check_project(project, **keyed)
    assert check.job is not None
    assert (check.outcome, check.job.id) == ("replayed", first.id)


def test_an_idempotency_key_of_another_request_is_refused(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    sql.start_job(project, idempotency_key="k1", request_hash="h1")
    assert sql.start_job(project, idempotency_key="k1", request_hash="h2").outcome == "key_reused"
    reused = sql.check_project(project, idempotency_key="k1", request_hash="h2")
    assert reused.outcome == "key_reused"
    assert len(rows("jobs")) == 1


def test_an_idempotency_key_belongs_to_its_project(sql: SqlClient, project: str) -> None:
    sql.start_job(project, idempotency_key="k1", request_hash="h1")
    other = sql.create_project().id
    start = sql.start_job(other, idempotency_key="k1", request_hash="h1")
    assert start.outcome == "started"


def test_another_owners_project_is_not_found_like_a_missing_one(
    sql: SqlClient, project: str, owner: UUID, rows: Rows
) -> None:
    stranger = UUID(int=8)
    missing: list[tuple[str, UUID | None]] = [
        (project, stranger),
        ("nowhere", owner),
        ("nowhere", None),
    ]
    for project_id, owner_id in missing:
        for answer in (
            sql.start_job(project_id, owner_id=owner_id),
            sql.check_project(project_id, owner_id=owner_id),
        ):
            assert (answer.outcome, answer.job, answer.lease) == ("project_not_found", None, None)
    assert rows("jobs") == rows("locks") == []
    assert sql.start_job(project, owner_id=owner).outcome == "started"


def test_only_ready_sources_of_the_project_may_be_named(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    other = sql.create_project().id
    (pending,) = sql.create_source(project)
    (foreign,) = sql.create_source(other)
    sql.confirm_source(foreign.id)
    for source_id in (pending.id, foreign.id, uuid4()):
        answer = sql.start_job(project, source_ids=[source_id])
        assert (answer.outcome, answer.job, answer.lease) == ("source_not_found", None, None)
    assert rows("jobs") == rows("locks") == []
    sql.confirm_source(pending.id)
    start = sql.start_job(project, source_ids=[pending.id, pending.id])
    assert start.outcome == "started"


def test_a_job_that_stopped_responding_gives_way_to_the_next(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.heartbeat(lease, 70)
    start = sql.at(60).start_job(lease.project_id)
    assert (start.outcome, start.superseded_job_id) == ("started", lease.job_id)
    assert start.lease is not None
    assert start.lease.fencing_token > lease.fencing_token
    old, new = sorted(rows("jobs"), key=lambda row: row["status"] == "queued")
    assert (old["id"], old["status"], old["error"]["code"]) == (
        lease.job_id,
        "failed",
        "superseded",
    )
    assert (new["status"], rows("projects")[0]["status"]) == ("queued", "generating")
    (progress,) = rows("generation_progress")
    assert (progress["percentage"], progress["fencing_token"]) == (0, start.lease.fencing_token)


def test_variant_numbers_continue_after_the_projects_clips(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1)
    sql.record_clip(lease, 2)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id).job
    assert job is not None
    assert job.first_variant_number == 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"kind": "Weaving a basket"}, psycopg.errors.CheckViolation),
        ({"max_attempts": 0}, psycopg.errors.CheckViolation),
        ({"max_attempts": None}, psycopg.errors.NotNullViolation),
        ({"params": None}, psycopg.errors.NotNullViolation),
        ({"job_id": None}, psycopg.errors.NotNullViolation),
        ({"lease_id": None}, psycopg.errors.NotNullViolation),
        ({"holder": None}, psycopg.errors.NotNullViolation),
        ({"dispatch_ttl_seconds": 0.0}, psycopg.errors.InvalidParameterValue),
        ({"deadline_seconds": -1.0}, psycopg.errors.InvalidParameterValue),
        ({"deadline_seconds": None}, psycopg.errors.InvalidParameterValue),
        ({"source": {"id": str(uuid4())}}, psycopg.errors.NotNullViolation),
        ({"idempotency_key": "k"}, psycopg.errors.CheckViolation),
    ],
)
def test_a_start_that_does_not_fit_leaves_nothing_behind(
    sql: SqlClient, project: str, rows: Rows, change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sql.start_job(project, **change)
    assert [rows(table) for table in WRITTEN] == [[]] * len(WRITTEN)
    assert rows("projects")[0]["status"] == "created"


async def test_of_32_at_once_exactly_one_starts(
    new_client: Callable[[], SqlClient], rows: Rows
) -> None:
    clients = [new_client() for _ in range(32)]
    project = clients[0].create_project().id
    answers = await asyncio.gather(*(asyncio.to_thread(c.start_job, project) for c in clients))
    (started,) = [answer for answer in answers if answer.outcome == "started"]
    refused = [answer for answer in answers if answer.outcome == "busy"]
    assert len(refused) == 31
    assert started.job is not None
    assert {answer.job and answer.job.id for answer in refused} == {started.job.id}
    assert [row["id"] for row in rows("jobs")] == [started.job.id]
    assert len(rows("locks")) == 1


async def test_one_idempotency_key_sent_twice_at_once_starts_one_job(race: Race) -> None:
    project = race.live.create_project().id
    keyed: dict[str, Any] = {"idempotency_key": "k1", "request_hash": "h1"}
    with race.other.connection.transaction():
        first = race.other.start_job(project, **keyed)
        second = await race.waiting(lambda: race.live.start_job(project, **keyed))
    answer = await second
    assert (first.outcome, answer.outcome) == ("started", "replayed")
    assert answer.job == first.job


async def test_a_start_that_waited_until_the_holder_expired_takes_over(race: Race) -> None:
    """A busy answer would be wrong: when the wait ends no lease is live."""
    project = race.live.create_project().id
    with race.other.connection.transaction():
        first = race.other.start_job(project).job
        assert first is not None
        race.other.claim_job(first.id)
        second = await race.waiting(lambda: race.live.start_job(project))
        race.clock.advance(TTL)
    answer = await second
    assert (answer.outcome, answer.superseded_job_id) == ("started", first.id)


async def test_a_start_that_waited_for_another_until_its_dispatch_lease_expired_is_busy(
    race: Race,
) -> None:
    project = race.live.create_project().id
    with race.other.connection.transaction():
        first = race.other.start_job(project).job
        second = await race.waiting(lambda: race.live.start_job(project))
        race.clock.advance(DISPATCH_TTL)
    answer = await second
    assert (answer.outcome, answer.job and answer.job.id) == ("busy", first and first.id)


async def test_a_start_that_waited_behind_the_end_of_a_job_starts(
    race: Race, queued_live: Job
) -> None:
    lease = race.live.claim_job(queued_live.id).lease
    assert lease is not None
    with race.other.connection.transaction():
        # The project's row alone: the lease is still there for the start to meet.
        race.other.connection.execute("select 1 from editai_projects for no key update")
        finish = await race.waiting(lambda: race.live.finish_job(lease))
    assert await finish == "finished"
    assert race.other.start_job(lease.project_id).outcome == "started"


@pytest.fixture
def queued_live(live: SqlClient) -> Job:
    job = live.start_job(live.create_project().id).job
    assert job is not None
    return job
