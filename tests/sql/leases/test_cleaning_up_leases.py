"""Cleanup: jobs whose worker died are requeued or failed, and expired leases are removed."""

from collections.abc import Callable, Iterator
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import DISPATCH_TTL, TTL, Rows, after
from tests.support.database import Connection


def test_live_leases_are_left_alone(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    before = rows("locks"), rows("jobs")
    assert sql.at(TTL - 0.001).cleanup_leases() == []
    assert (rows("locks"), rows("jobs")) == before


def test_a_job_with_attempts_left_is_requeued_under_a_dispatch_lease(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.heartbeat(lease, 70)
    (reclaimed,) = sql.at(TTL).cleanup_leases()
    (job,) = rows("jobs")
    assert (job["status"], job["attempt"], job["finished_at"]) == ("queued", 1, None)
    (row,) = rows("locks")
    assert (row["holder"], row["job_id"]) == ("dispatch", lease.job_id)
    assert (row["acquired_at"], row["expires_at"]) == (after(TTL), after(TTL + DISPATCH_TTL))
    assert row["fencing_token"] > lease.fencing_token
    assert row["lease_id"] != lease.lease_id
    assert reclaimed.model_dump() == {
        "project_id": lease.project_id,
        "job_id": lease.job_id,
        "fencing_token": row["fencing_token"],
        "action": "requeued",
        "code": None,
    }
    assert rows("generation_progress")[0]["percentage"] == 70
    assert rows("projects")[0]["status"] == "generating"
    assert sql.heartbeat(lease, 80).outcome == "lost"
    assert lease.job_id is not None
    claim = sql.claim_job(lease.job_id)
    assert claim.job is not None
    assert (claim.outcome, claim.job.attempt) == ("claimed", 2)


def test_an_unclaimed_job_is_dispatched_again_without_costing_an_attempt(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    sql.start_job(project)
    for times in (1, 2, 3, 4, 5):
        (reclaimed,) = sql.at(times * DISPATCH_TTL).cleanup_leases()
        assert reclaimed.action == "requeued"
    assert rows("jobs")[0]["attempt"] == 0


def test_dispatching_again_does_not_depend_on_the_dispatch_lease(
    sql: SqlClient, queued: Job, admin: Connection, rows: Rows
) -> None:
    """The lease is still live, or has expired long ago: what counts is when the job was last dispatched."""
    admin.execute("update editai_locks set expires_at = %s", [after(1000)])
    assert sql.at(DISPATCH_TTL - 0.001).cleanup_leases() == []
    (reclaimed,) = sql.at(DISPATCH_TTL).cleanup_leases()
    (lock,) = rows("locks")
    assert (reclaimed.action, reclaimed.fencing_token) == ("requeued", lock["fencing_token"])
    admin.execute("update editai_locks set expires_at = %s", [after(DISPATCH_TTL + 1)])
    assert sql.at(2 * DISPATCH_TTL - 0.001).cleanup_leases() == []
    (again,) = sql.at(2 * DISPATCH_TTL).cleanup_leases()
    assert (again.job_id, again.action) == (queued.id, "requeued")
    assert again.fencing_token is not None
    assert again.fencing_token > lock["fencing_token"]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_an_active_job_whose_lease_is_gone_is_queued_again(
    sql: SqlClient, queued: Job, status: str, admin: Connection, rows: Rows
) -> None:
    """Someone deleted the lease by hand, and nothing but the job's own row tells of it."""
    if status == "running":
        sql.claim_job(queued.id)
    admin.execute("delete from editai_locks")
    (reclaimed,) = sql.at(DISPATCH_TTL).cleanup_leases()
    (lock,) = rows("locks")
    assert (reclaimed.job_id, reclaimed.action) == (queued.id, "requeued")
    assert (lock["job_id"], lock["fencing_token"]) == (queued.id, reclaimed.fencing_token)
    assert rows("jobs")[0]["status"] == "queued"


def test_an_active_job_whose_lease_is_gone_and_that_is_exhausted_fails(
    sql: SqlClient, queued: Job, admin: Connection, rows: Rows
) -> None:
    admin.execute("delete from editai_locks")
    (reclaimed,) = sql.at(3600).cleanup_leases()
    assert (reclaimed.action, reclaimed.code) == ("failed", "deadline_exceeded")
    assert reclaimed.fencing_token is None
    assert rows("projects")[0]["status"] == "failed"


def test_a_running_job_whose_lease_another_holder_has_waits_until_that_expires(
    sql: SqlClient, lease: Lease, admin: Connection
) -> None:
    """Someone deleted the lease by hand, and another holder took the project as free."""
    admin.execute("update editai_locks set job_id = null, lease_id = %s", [uuid4()])
    assert sql.at(TTL - 1).cleanup_leases() == []
    (reclaimed,) = sql.at(TTL).cleanup_leases()
    assert (reclaimed.job_id, reclaimed.action) == (lease.job_id, "requeued")


def test_a_job_from_before_this_column_is_dispatched_at_once(
    sql: SqlClient, queued: Job, admin: Connection
) -> None:
    admin.execute("update editai_jobs set dispatch_due_at = null")
    (reclaimed,) = sql.cleanup_leases()
    assert (reclaimed.job_id, reclaimed.action) == (queued.id, "requeued")


def test_a_job_without_attempts_left_fails_with_its_project(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    job = sql.start_job(project, max_attempts=1).job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    (reclaimed,) = sql.at(TTL).cleanup_leases()
    assert (reclaimed.job_id, reclaimed.action) == (job.id, "failed")
    assert (reclaimed.fencing_token, reclaimed.code) == (lease.fencing_token, "attempts_exhausted")
    (row,) = rows("jobs")
    assert (row["status"], row["error"]["code"]) == ("failed", "attempts_exhausted")
    assert row["finished_at"] == after(TTL)
    assert rows("locks") == []
    assert rows("projects")[0]["status"] == "failed"


def test_a_job_past_its_deadline_fails(sql: SqlClient, project: str, rows: Rows) -> None:
    job = sql.start_job(project, deadline_seconds=45.0).job
    assert job is not None
    lease = sql.at(10).claim_job(job.id).lease
    assert lease is not None
    assert lease.expires_at == after(45)
    (reclaimed,) = sql.at(45).cleanup_leases()
    assert reclaimed.action == "failed"
    assert rows("jobs")[0]["error"]["code"] == "deadline_exceeded"


def test_a_dispatch_lease_does_not_outlive_the_deadline(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    sql.start_job(project, deadline_seconds=50.0)
    sql.at(DISPATCH_TTL).cleanup_leases()
    assert rows("locks")[0]["expires_at"] == after(50)


def test_a_lease_without_a_job_is_released(sql: SqlClient, project: str, rows: Rows) -> None:
    sql.acquire_lease("nightly-export")
    sql.acquire_lease(project)
    actions = {r.project_id: r.action for r in sql.at(TTL).cleanup_leases()}
    assert actions == {"nightly-export": "released", project: "released"}
    assert rows("locks") == []


def test_leases_are_reclaimed_oldest_first_up_to_the_limit(sql: SqlClient) -> None:
    for second in (3, 1, 2):
        sql.at(second).acquire_lease(f"key-{second}")
    sql.at(1000)
    assert [r.project_id for r in sql.cleanup_leases(limit=2)] == ["key-1", "key-2"]
    assert [r.project_id for r in sql.cleanup_leases(limit=2)] == ["key-3"]
    assert sql.cleanup_leases(limit=2) == []


@pytest.mark.parametrize("ttl_seconds", [0.0, -1.0, 3601.0])
def test_a_bad_dispatch_time_to_live_is_refused(sql: SqlClient, ttl_seconds: float) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        sql.cleanup_leases(dispatch_ttl_seconds=ttl_seconds)


def test_after_a_lost_response_cleanup_returns_the_job_for_dispatch_again(
    sql: SqlClient, lease: Lease
) -> None:
    sql.at(TTL).cleanup_leases()  # nobody hears of it, so nothing is dispatched
    (reclaimed,) = sql.at(TTL + DISPATCH_TTL).cleanup_leases()
    assert (reclaimed.job_id, reclaimed.action) == (lease.job_id, "requeued")


async def test_a_lease_that_is_just_being_renewed_is_skipped_and_lives(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    """Cleanup, whose clock says expired, neither waits for the renewal nor undoes it."""
    with race.other.connection.transaction():
        race.other.heartbeat(live_lease, 50)
        race.clock.advance(TTL)
        assert race.live.cleanup_leases() == []
    assert rows("locks")[0]["lease_id"] == live_lease.lease_id


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_renewal_or_a_claim_between_cleanups_scan_and_its_lock_saves_the_lease(
    sql: SqlClient, queued: Job, status: str, rows: Rows
) -> None:
    """The scan saw it due, but what counts is what stands when cleanup has locked the rows: this call comes then."""
    if status == "running":
        sql.claim_job(queued.id)
    before = rows("locks"), rows("jobs")
    (answer,) = sql.call(
        "reclaim_lease", project_id=queued.project_id, dispatch_ttl_seconds=DISPATCH_TTL
    )
    assert answer["action"] is None
    assert (rows("locks"), rows("jobs")) == before


HOLDING: dict[str, LiteralString] = {
    "project": "select 1 from editai_projects where id = %s for no key update",
    "lease": "select 1 from editai_locks where project_id = %s for no key update",
    "job": "select 1 from editai_jobs where project_id = %s for key share",
}


@pytest.mark.parametrize("held", HOLDING)
async def test_rows_that_another_transaction_locks_are_skipped(
    race: Race, live_lease: Lease, held: str
) -> None:
    free = race.live.acquire_lease("nightly-export").lease
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        race.other.connection.execute(HOLDING[held], [live_lease.project_id])
        assert [r.project_id for r in race.live.cleanup_leases()] == [free.project_id]
    assert [r.project_id for r in race.live.cleanup_leases()] == [live_lease.project_id]


@pytest.fixture
def poisoned(admin: Connection) -> Iterator[Callable[[str], None]]:
    """Makes every change of a project's jobs, leases and sources raise an error, as a forgotten trigger might."""
    tables = ("jobs", "locks", "sources")
    admin.execute(
        "create table editai_test.poisoned (project_id text);"
        " grant select on editai_test.poisoned to public;"
        " create function editai_test.refuse() returns trigger language plpgsql as $$ begin"
        " if exists (select from editai_test.poisoned p where p.project_id = old.project_id) then"
        " raise check_violation; end if;"
        " return case tg_op when 'DELETE' then old else new end; end $$"
    )
    for table in tables:
        admin.execute(
            f"create trigger poison before update or delete on editai_{table}"
            " for each row execute function editai_test.refuse()".encode()
        )

    def poison(project_id: str) -> None:
        admin.execute("insert into editai_test.poisoned values (%s)", [project_id])

    yield poison
    for table in tables:
        admin.execute(f"drop trigger poison on editai_{table}".encode())
    admin.execute("drop function editai_test.refuse; drop table editai_test.poisoned")


def test_a_row_that_raises_an_error_is_reported_and_the_others_go_on(
    sql: SqlClient, poisoned: Callable[[str], None], rows: Rows
) -> None:
    jobs = {name: sql.start_job(sql.create_project(name).id).job for name in ("a", "b", "c")}
    sql.acquire_lease("key")
    assert jobs["b"] is not None
    sql.claim_job(jobs["b"].id)
    poisoned("a")  # queued, and due first
    poisoned("b")  # running
    before = rows("locks")
    reclaimed = {r.project_id: (r.action, r.code) for r in sql.at(2 * TTL).cleanup_leases()}
    assert reclaimed == {
        "a": ("faulty", "23514"),
        "b": ("faulty", "23514"),
        "c": ("requeued", None),
        "key": ("released", None),
    }
    untouched = [lock for lock in before if lock["project_id"] in ("a", "b")]
    assert [lock for lock in rows("locks") if lock["project_id"] in ("a", "b")] == untouched


def test_rows_that_raise_an_error_do_not_use_up_a_batch(
    sql: SqlClient, poisoned: Callable[[str], None]
) -> None:
    for name in ("a", "b", "c"):
        sql.start_job(sql.create_project(name).id)
        if name != "c":
            poisoned(name)
    actions = [r.action for r in sql.at(DISPATCH_TTL).cleanup_leases(limit=1)]
    assert sorted(actions) == ["faulty", "faulty", "requeued"]


def test_an_upload_that_raises_an_error_stays_and_the_others_are_dropped(
    sql: SqlClient, poisoned: Callable[[str], None], rows: Rows
) -> None:
    for name in ("a", "b"):
        sql.create_source(sql.create_project(name).id)
    poisoned("a")
    assert sql.at(9999).cleanup_uploads(limit=1) == 1
    assert [row["project_id"] for row in rows("sources")] == ["a"]


async def test_rows_that_are_locked_do_not_use_up_a_batch(race: Race) -> None:
    """However many there are, and however long they stay locked."""
    projects = [race.live.create_project().id for _ in range(3)]
    for project in projects:
        race.live.start_job(project)
    race.clock.advance(DISPATCH_TTL)
    with race.other.connection.transaction():
        race.other.connection.execute(
            "select 1 from editai_jobs where project_id = any(%s) for key share", [projects[:2]]
        )
        assert [r.project_id for r in race.live.cleanup_leases(limit=1)] == projects[2:]


async def test_a_row_that_needs_a_locked_table_is_skipped_too(
    race: Race, live_lease: Lease, admin: Connection
) -> None:
    """The files of a job that fails become garbage. Cleanup waits a moment for that table, and then goes on."""
    admin.execute("update editai_jobs set max_attempts = 1")
    free = race.live.acquire_lease("nightly-export").lease
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        race.other.connection.execute("lock table editai_storage_garbage in share mode")
        assert [r.project_id for r in race.live.cleanup_leases()] == [free.project_id]
    assert [r.action for r in race.live.cleanup_leases()] == ["failed"]


async def test_two_cleanups_at_once_share_the_work(race: Race) -> None:
    for number in range(4):
        race.live.acquire_lease(f"key-{number}")
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        first = race.other.cleanup_leases(limit=2)
        second = race.live.cleanup_leases(limit=4)
    assert [r.project_id for r in first] == ["key-0", "key-1"]
    assert [r.project_id for r in second] == ["key-2", "key-3"]


async def test_a_takeover_and_a_cleanup_of_one_lease_do_not_both_happen(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        assert len(race.other.cleanup_leases()) == 1
        start = await race.waiting(lambda: race.live.start_job(live_lease.project_id))
    answer = await start
    assert answer.outcome == "busy"
    assert answer.job is not None
    assert (answer.job.id, answer.job.status) == (live_lease.job_id, "queued")
    assert len(rows("jobs")) == 1


async def test_a_job_that_was_cancelled_meanwhile_is_not_requeued(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        race.other.cancel_job(live_lease.project_id)
        assert race.live.cleanup_leases() == []
    assert race.live.cleanup_leases() == []
    assert rows("jobs")[0]["status"] == "cancelled"


def test_a_lease_whose_project_is_gone_is_released(
    sql: SqlClient, lease: Lease, admin: Connection, rows: Rows
) -> None:
    """Someone deleted the row by hand: the lease names a job and a project that are no more."""
    admin.execute("delete from editai_projects")
    (reclaimed,) = sql.at(TTL).cleanup_leases()
    assert reclaimed.action == "released"
    assert rows("locks") == []


def test_a_lease_whose_job_has_ended_is_released_and_the_job_stays_ended(
    sql: SqlClient, lease: Lease, admin: Connection, rows: Rows
) -> None:
    """Someone ended the job by hand and left its lease behind."""
    admin.execute("update editai_jobs set status = 'completed', finished_at = now()")
    (reclaimed,) = sql.at(TTL).cleanup_leases()
    assert reclaimed.action == "released"
    assert rows("jobs")[0]["status"] == "completed"
    assert rows("locks") == []


def test_a_lease_of_an_unknown_holder_is_reclaimed(sql: SqlClient) -> None:
    sql.acquire_lease(str(uuid4()), holder="Ünïcode 💾 \n '; drop table editai_locks; --")
    assert len(sql.at(TTL).cleanup_leases()) == 1
