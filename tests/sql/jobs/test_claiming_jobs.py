"""Claiming a job: one worker gets it, however often it is delivered."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from shared.jobs.lifecycle import JobClaim
from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import DISPATCH_TTL, TTL, Rows, after, uploaded_source


def test_a_claim_replaces_the_dispatchs_lease(sql: SqlClient, project: str, rows: Rows) -> None:
    start = sql.start_job(project)
    assert start.job is not None
    assert start.lease is not None
    lease_id = uuid4()
    claim = sql.at(10).claim_job(start.job.id, lease_id=lease_id, holder="worker 1")
    assert claim.outcome == "claimed"
    assert claim.lease is not None
    assert claim.lease == Lease(
        project_id=project,
        lease_id=lease_id,
        holder="worker 1",
        fencing_token=start.lease.fencing_token + 1,
        job_id=start.job.id,
        acquired_at=after(10),
        expires_at=after(10 + TTL),
    )
    assert claim.job is not None
    assert (claim.job.status, claim.job.attempt) == ("running", 1)
    assert claim.job.fencing_token == claim.lease.fencing_token
    assert claim.job.started_at == after(10)
    assert [row["lease_id"] for row in rows("locks")] == [lease_id]
    assert sql.heartbeat(start.lease).outcome == "lost"


def test_a_claim_brings_the_sources_and_the_clips_so_far(sql: SqlClient, project: str) -> None:
    (stored,) = sql.create_source(project)
    sql.confirm_source(stored.id)
    sql.create_source(project)  # pending: not there for anyone
    source = uploaded_source(project)
    job = sql.start_job(project, source=source).job
    assert job is not None
    first = sql.claim_job(job.id)
    assert first.lease is not None
    assert first.sources is not None
    assert {str(row.id) for row in first.sources} == {str(stored.id), source["id"]}
    assert first.clips == ()
    clip = sql.record_clip(first.lease, 1).clip
    second = sql.at(TTL).claim_job(job.id)
    assert second.clips == (clip,)


def test_a_claim_does_not_bring_clips_of_an_earlier_job(sql: SqlClient, lease: Lease) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id).job
    assert job is not None
    assert sql.claim_job(job.id).clips == ()


def test_claiming_again_with_the_same_id_returns_the_same_grant(
    sql: SqlClient, queued: Job, rows: Rows
) -> None:
    first = sql.claim_job(queued.id, lease_id=(lease_id := uuid4()))
    before = rows("jobs"), rows("locks")
    again = sql.at(TTL - 1).claim_job(queued.id, lease_id=lease_id)
    assert again == first
    assert (rows("jobs"), rows("locks")) == before


def test_a_running_job_cannot_be_claimed(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    before = rows("jobs"), rows("locks")
    assert sql.at(TTL - 1).claim_job(job_of(lease)).outcome == "running"
    assert (rows("jobs"), rows("locks")) == before


def test_a_claim_without_a_lease_id_is_never_taken_for_the_holder(
    sql: SqlClient, lease: Lease
) -> None:
    answer = sql.one("claim_job", job_id=lease.job_id, lease_id=None, holder="x", ttl_seconds=TTL)
    assert answer["outcome"] == "running"


def test_an_expired_attempt_is_taken_over_as_the_next_attempt(sql: SqlClient, lease: Lease) -> None:
    claim = sql.at(TTL).claim_job(job_of(lease))
    assert (claim.outcome, claim.job and claim.job.attempt) == ("claimed", 2)
    assert claim.lease is not None
    assert claim.lease.fencing_token > lease.fencing_token
    assert claim.job is not None
    assert claim.job.started_at == after(0)


def test_a_late_claim_of_a_queued_job_still_gets_it(sql: SqlClient, queued: Job) -> None:
    claim = sql.at(DISPATCH_TTL + 100).claim_job(queued.id)
    assert (claim.outcome, claim.job and claim.job.attempt) == ("claimed", 1)


def test_an_ended_job_is_not_claimed(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.finish_job(lease)
    before = rows("jobs"), rows("locks")
    claim = sql.claim_job(job_of(lease), lease_id=lease.lease_id)
    assert (claim.outcome, claim.sources, claim.clips) == ("ended", None, None)
    assert claim.job is not None
    assert claim.job.status == "completed"
    assert (rows("jobs"), rows("locks")) == before == (before[0], [])


def test_a_claim_of_an_unknown_job_says_so(sql: SqlClient) -> None:
    claim = sql.claim_job(uuid4())
    assert claim == JobClaim(
        outcome="job_not_found", job=None, lease=None, sources=None, clips=None
    )


def test_the_last_attempt_is_not_followed_by_another(
    sql: SqlClient, project: str, rows: Rows
) -> None:
    job = sql.start_job(project, max_attempts=2).job
    assert job is not None
    assert sql.claim_job(job.id).outcome == "claimed"
    assert sql.at(TTL).claim_job(job.id).outcome == "claimed"
    claim = sql.at(2 * TTL).claim_job(job.id)
    assert claim.outcome == "exhausted"
    assert claim.job is not None
    assert (claim.job.status, claim.job.attempt) == ("failed", 2)
    assert claim.job.error is not None
    assert claim.job.error["code"] == "attempts_exhausted"
    assert rows("locks") == []
    assert rows("projects")[0]["status"] == "failed"
    assert sql.claim_job(job.id).outcome == "ended"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("out-of-disk-space", "The worker ran out of disk space in the last of 2 attempts."),
        ("storage-unavailable", "The storage of the files did not respond in the last of 2"),
        ("attempt-too-long", "The last of 2 attempts took longer than one may."),
        ("KeyError", "The last of 2 attempts met a fault of this service."),
        (None, "The last of 2 attempts stopped responding."),
    ],
)
def test_the_job_tells_what_ended_its_last_attempt_and_not_an_earlier_one(
    sql: SqlClient, project: str, code: str | None, reason: str
) -> None:
    job = sql.start_job(project, max_attempts=2).job
    assert job is not None
    first = sql.claim_job(job.id).lease
    assert first is not None
    sql.abandon_job(first, "something-else")
    last = sql.at(TTL).claim_job(job.id).lease
    assert last is not None
    if code is not None:
        sql.abandon_job(last, code)
    claim = sql.at(2 * TTL).claim_job(job.id)
    assert claim.job is not None
    assert claim.job.error is not None
    assert claim.job.error["detail"].startswith(reason)


def test_a_job_past_its_deadline_is_not_run_again(sql: SqlClient, project: str, rows: Rows) -> None:
    job = sql.start_job(project, deadline_seconds=100.0).job
    assert job is not None
    claim = sql.at(100).claim_job(job.id)
    assert claim.outcome == "exhausted"
    assert claim.job is not None
    assert (claim.job.status, claim.job.finished_at) == ("failed", after(100))
    assert claim.job.error is not None
    assert claim.job.error["code"] == "deadline_exceeded"
    assert rows("locks") == []


async def test_of_many_deliveries_at_once_exactly_one_is_claimed(
    new_client: Callable[[], SqlClient],
) -> None:
    clients = [new_client() for _ in range(8)]
    job = clients[0].start_job(clients[0].create_project().id).job
    assert job is not None
    claims = await asyncio.gather(*(asyncio.to_thread(c.claim_job, job.id) for c in clients))
    assert sorted(claim.outcome for claim in claims) == ["claimed"] + ["running"] * 7


async def test_a_claim_that_waited_behind_a_cancel_finds_the_job_ended(race: Race) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    with race.other.connection.transaction():
        race.other.cancel_job(job.project_id)
        claim = await race.waiting(lambda: race.live.claim_job(job.id))
    assert (await claim).outcome == "ended"


async def test_a_claim_that_waited_behind_the_projects_deletion_finds_no_job(
    race: Race, rows: Rows
) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    race.live.claim_job(job.id)
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        assert race.other.delete_project(job.project_id).outcome == "deleted"
        claim = await race.waiting(lambda: race.live.claim_job(job.id))
    assert (await claim).outcome == "job_not_found"
    assert rows("locks") == []


async def test_a_claim_that_waited_until_the_worker_expired_takes_over(race: Race) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    lease = race.live.claim_job(job.id).lease
    assert lease is not None
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        claim = await race.waiting(lambda: race.live.claim_job(job.id))
        race.clock.advance(TTL)
    assert (await claim).outcome == "claimed"


def job_of(lease: Lease) -> Any:
    assert lease.job_id is not None
    return lease.job_id


@pytest.mark.parametrize("moment", ["before its end", "after its end"])
async def test_a_takeover_by_claim_and_a_heartbeat_never_both_succeed(
    race: Race, moment: str
) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    lease = race.live.claim_job(job.id).lease
    assert lease is not None
    if moment == "after its end":
        race.clock.advance(TTL)
        with race.other.connection.transaction():
            assert race.other.claim_job(job.id).outcome == "claimed"
            beat = await race.waiting(lambda: race.live.heartbeat(lease, 50))
        assert (await beat).outcome == "lost"
    else:
        with race.other.connection.transaction():
            assert race.other.heartbeat(lease, 50).outcome == "held"
            claim = await race.waiting(lambda: race.live.claim_job(job.id))
        assert (await claim).outcome == "running"
