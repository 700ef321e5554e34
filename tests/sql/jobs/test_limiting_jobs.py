"""The maximum of active jobs per owner: over all projects, and for simultaneous starts."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.jobs.lifecycle import JobStart
from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows
from tests.support.database import Connection

OWNER = UUID(int=7)
LIMIT = 2


def start(sql: SqlClient, project_id: str | None = None, **changes: Any) -> JobStart:
    """Start a job as the owner, on a new project unless one is named."""
    project_id = project_id or sql.create_project(owner_id=OWNER).id
    return sql.start_job(project_id, **{"owner_id": OWNER, "max_active_jobs": LIMIT} | changes)


@pytest.fixture
def full(sql: SqlClient) -> list[str]:
    """The projects of an owner who has as many jobs as there may be: one queued, one running."""
    starts = [start(sql) for _ in range(LIMIT)]
    jobs = [started.job for started in starts if started.job]
    sql.claim_job(jobs[0].id)
    return [job.project_id for job in jobs]


def test_a_start_over_the_limit_is_refused_and_leaves_nothing(
    sql: SqlClient, full: list[str], rows: Rows
) -> None:
    project = sql.create_project(owner_id=OWNER).id
    for answer in (
        start(sql, project),
        sql.check_project(project, owner_id=OWNER, max_active_jobs=LIMIT),
    ):
        assert (answer.outcome, answer.job, answer.lease) == ("too_many_jobs", None, None)
    assert len(rows("jobs")) == len(rows("locks")) == len(full)
    one_more = sql.check_project(project, owner_id=OWNER, max_active_jobs=LIMIT + 1)
    assert one_more.outcome == "free"


@pytest.mark.parametrize("end", ["finish", "cancel"])
def test_the_end_of_a_job_makes_room(
    sql: SqlClient, full: list[str], admin: Connection, end: str
) -> None:
    if end == "cancel":
        sql.cancel_job(full[0])
    else:
        row = admin.execute("select * from editai_locks where project_id = %s", full[:1]).fetchone()
        assert sql.finish_job(Lease.model_validate(row)) == "finished"
    assert start(sql).outcome == "started"
    assert start(sql).outcome == "too_many_jobs"


def test_a_busy_project_and_a_repeated_request_take_precedence_over_the_limit(
    sql: SqlClient, full: list[str]
) -> None:
    assert start(sql, full[0]).outcome == "busy"
    sql.cancel_job(full[1])
    keyed: dict[str, Any] = {"idempotency_key": "k1", "request_hash": "h1"}
    first = start(sql, **keyed)
    assert first.job is not None
    again = start(sql, first.job.project_id, **keyed)
    assert (again.outcome, again.job) == ("replayed", first.job)
    other = start(sql, first.job.project_id, **keyed | {"request_hash": "h2"})
    assert other.outcome == "key_reused"


@pytest.mark.usefixtures("full")
def test_the_limit_of_one_owner_does_not_limit_another(sql: SqlClient) -> None:
    stranger = UUID(int=8)
    theirs = sql.create_project(owner_id=stranger).id
    assert start(sql, theirs, owner_id=stranger).outcome == "started"
    for unlimited in ({"owner_id": None}, {"max_active_jobs": None}):
        assert start(sql, **unlimited).outcome == "started"


def test_what_the_service_starts_counts_as_the_owners(sql: SqlClient) -> None:
    for _ in range(LIMIT):
        start(sql, owner_id=None)
    assert start(sql).outcome == "too_many_jobs"


def test_a_job_that_stopped_responding_makes_room_on_its_own_project_only(
    sql: SqlClient, full: list[str]
) -> None:
    """The one that starts takes its place; the others are still to run again."""
    sql.at(TTL)
    assert start(sql).outcome == "too_many_jobs"
    assert start(sql, full[0]).outcome == "started"
    assert start(sql).outcome == "too_many_jobs"


async def test_of_many_starts_at_once_on_different_projects_only_the_limit_starts(
    new_client: Callable[[], SqlClient], rows: Rows
) -> None:
    clients = [new_client() for _ in range(16)]
    projects = [clients[0].create_project(owner_id=OWNER).id for _ in clients]
    answers = await asyncio.gather(
        *(asyncio.to_thread(start, *each) for each in zip(clients, projects, strict=True))
    )
    outcomes = sorted(answer.outcome for answer in answers)
    assert outcomes == ["started"] * LIMIT + ["too_many_jobs"] * (16 - LIMIT)
    assert len(rows("jobs")) == len(rows("locks")) == LIMIT


async def test_a_start_waits_for_its_owners_other_start_and_then_counts_it(race: Race) -> None:
    for_first, for_second = (race.live.create_project(owner_id=OWNER).id for _ in range(2))
    with race.other.connection.transaction():
        first = start(race.other, for_first, max_active_jobs=1)
        second = await race.waiting(lambda: start(race.live, for_second, max_active_jobs=1))
        # It holds its project and nothing below, so nobody who has more can wait for it.
        race.other.connection.execute("select 1 from editai_locks for update nowait")
    assert (first.outcome, (await second).outcome) == ("started", "too_many_jobs")


async def test_starts_of_different_owners_do_not_wait_for_each_other(race: Race) -> None:
    with race.other.connection.transaction():
        start(race.other)
        stranger = uuid4()
        theirs = race.live.create_project(owner_id=stranger).id
        assert start(race.live, theirs, owner_id=stranger).outcome == "started"


def test_counting_does_not_read_all_of_an_owners_projects(admin: Connection) -> None:
    """Nor all active jobs. Otherwise an owner's many projects, or many other owners' jobs, would slow down starts."""
    admin.execute(
        "insert into editai_projects (owner_id, name)"
        " select %s, repeat('x', 200) from generate_series(1, 5000)",
        [OWNER],
    )
    admin.execute(
        "with others as (insert into editai_projects (owner_id, name, status)"
        " select gen_random_uuid(), repeat('x', 200), 'generating' from generate_series(1, 5000)"
        " returning id) insert into editai_jobs"
        " (id, project_id, kind, params, first_variant_number, max_attempts, deadline_at)"
        " select gen_random_uuid(), id, 'raw_clips', '{}', 1, 3, 'infinity' from others"
    )
    admin.execute("analyze editai_projects, editai_jobs")
    query = "explain (analyze, buffers, format json) select editai_has_too_many_jobs(%s, 'p', 2)"
    # The first time, catalogs are read as well.
    _, row = (admin.execute(query.encode(), [OWNER]).fetchone() for _ in range(2))
    assert row is not None
    plan: dict[str, Any] = row["QUERY PLAN"][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 50, plan
