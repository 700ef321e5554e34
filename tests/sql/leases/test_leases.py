"""Leases of any key: how one is granted, renewed and lost."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.values import DISPATCH_TTL, TTL, Rows, after


@pytest.fixture
def key_lease(sql: SqlClient) -> Lease:
    return sql.acquire_lease("nightly-export", holder="first").lease


def test_a_free_key_is_granted_until_its_time_to_live_has_passed(sql: SqlClient) -> None:
    lease_id = uuid4()
    answer = sql.acquire_lease("nightly-export", holder="first", lease_id=lease_id)
    assert answer.granted
    assert answer.lease == Lease(
        project_id="nightly-export",
        lease_id=lease_id,
        holder="first",
        fencing_token=answer.lease.fencing_token,
        job_id=None,
        acquired_at=after(0),
        expires_at=after(TTL),
    )


def test_a_held_key_is_refused_and_its_holder_is_named(sql: SqlClient, key_lease: Lease) -> None:
    answer = sql.at(TTL - 0.001).acquire_lease("nightly-export", holder="second")
    assert (answer.granted, answer.lease) == (False, key_lease)


def test_a_refusal_writes_nothing(sql: SqlClient, key_lease: Lease, rows: Rows) -> None:
    before = versions(sql)
    sql.acquire_lease("nightly-export", holder="second")
    assert versions(sql) == before
    sql.at(TTL)
    assert sql.acquire_lease("nightly-export").lease.fencing_token == key_lease.fencing_token + 1


def versions(sql: SqlClient) -> list[dict[str, Any]]:
    """Where each lock row's version lies and who has locked it: any write or row lock changes that."""
    query = "select ctid::text, xmin::text, xmax::text from editai_locks"
    return sql.connection.execute(query).fetchall()


def test_at_the_moment_of_expiry_the_lease_can_be_taken_over(
    sql: SqlClient, key_lease: Lease
) -> None:
    answer = sql.at(TTL).acquire_lease("nightly-export", holder="second")
    assert answer.granted
    assert answer.lease.fencing_token > key_lease.fencing_token
    assert (answer.lease.acquired_at, answer.lease.expires_at) == (after(TTL), after(2 * TTL))


def test_acquiring_again_with_the_same_lease_id_returns_the_same_grant(
    sql: SqlClient, key_lease: Lease
) -> None:
    again = sql.at(10).acquire_lease("nightly-export", lease_id=key_lease.lease_id)
    assert (again.granted, again.lease) == (True, key_lease)


def test_acquiring_again_after_expiry_is_a_new_grant_with_a_new_token(
    sql: SqlClient, key_lease: Lease
) -> None:
    again = sql.at(TTL).acquire_lease("nightly-export", lease_id=key_lease.lease_id)
    assert again.granted
    assert again.lease.fencing_token > key_lease.fencing_token
    assert not sql.renew_lease(key_lease).renewed


def test_renewing_moves_the_end_to_a_time_to_live_from_now(
    sql: SqlClient, key_lease: Lease
) -> None:
    renewal = sql.at(TTL - 1).renew_lease(key_lease)
    assert (renewal.renewed, renewal.expires_at) == (True, after(2 * TTL - 1))


def test_an_expired_lease_is_not_renewed(sql: SqlClient, key_lease: Lease) -> None:
    renewal = sql.at(TTL).renew_lease(key_lease)
    assert (renewal.renewed, renewal.expires_at) == (False, None)


@pytest.mark.parametrize("change", ["lease_id", "fencing_token"])
def test_a_token_or_a_lease_id_alone_neither_renews_nor_releases(
    sql: SqlClient, key_lease: Lease, rows: Rows, change: str
) -> None:
    wrong = {"lease_id": uuid4(), "fencing_token": key_lease.fencing_token + 1}[change]
    forged = key_lease.model_copy(update={change: wrong})
    before = rows("locks")
    assert not sql.at(1).renew_lease(forged).renewed
    assert not sql.release_lease(forged)
    assert rows("locks") == before


def test_a_released_key_is_free_at_once_and_leaves_no_row(
    sql: SqlClient, key_lease: Lease, rows: Rows
) -> None:
    assert sql.release_lease(key_lease)
    assert rows("locks") == []
    assert sql.acquire_lease("nightly-export").lease.fencing_token > key_lease.fencing_token


def test_releasing_again_changes_nothing(sql: SqlClient, key_lease: Lease) -> None:
    sql.release_lease(key_lease)
    second = sql.acquire_lease("nightly-export", holder="second").lease
    assert not sql.release_lease(key_lease)
    assert sql.renew_lease(second).renewed


def test_keys_do_not_disturb_each_other(sql: SqlClient, key_lease: Lease) -> None:
    assert sql.acquire_lease("another key").granted
    assert sql.renew_lease(key_lease).renewed


@pytest.mark.parametrize("ttl_seconds", [0, -1, 3600.001, float("nan"), float("inf")])
def test_a_time_to_live_out_of_bounds_is_refused(sql: SqlClient, ttl_seconds: float) -> None:
    lease = sql.acquire_lease("k").lease
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="time to live"):
        sql.acquire_lease("free", ttl_seconds=ttl_seconds)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="time to live"):
        sql.renew_lease(lease, ttl_seconds=ttl_seconds)


def test_no_lease_is_without_a_key_an_id_or_a_holder(sql: SqlClient, rows: Rows) -> None:
    proper = {"project_id": "k", "lease_id": uuid4(), "holder": "test", "ttl_seconds": TTL}
    for missing in ("project_id", "lease_id", "holder"):
        with pytest.raises(psycopg.errors.NotNullViolation):
            sql.call("acquire_lease", **proper | {missing: None})
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        sql.call("acquire_lease", **proper | {"ttl_seconds": None})
    assert rows("locks") == []


def test_acquiring_without_a_lease_id_is_never_taken_for_the_holder(
    sql: SqlClient, key_lease: Lease
) -> None:
    answer = sql.one(
        "acquire_lease", project_id="nightly-export", lease_id=None, holder="x", ttl_seconds=TTL
    )
    assert answer["granted"] is False


def test_holding_a_project_makes_it_busy_for_jobs(sql: SqlClient, project: str) -> None:
    held = sql.acquire_lease(project, holder="maintenance").lease
    start = sql.start_job(project)
    assert (start.outcome, start.job, start.lease) == ("busy", None, held)


def test_taking_an_expired_job_over_ends_it(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    answer = sql.at(TTL).acquire_lease(lease.project_id, holder="maintenance")
    assert answer.granted
    (job,) = rows("jobs")
    assert (job["status"], job["error"]["code"]) == ("failed", "superseded")
    assert rows("projects")[0]["status"] == "failed"
    assert sql.heartbeat(lease, 50).outcome == "lost"


def test_a_jobs_lease_is_never_renewed_past_its_deadline(sql: SqlClient, project: str) -> None:
    job = sql.start_job(project, deadline_seconds=100.0).job
    assert job is not None
    lease = sql.claim_job(job.id).lease
    assert lease is not None
    assert sql.at(59).renew_lease(lease).expires_at == after(100)
    assert sql.at(99).renew_lease(lease).expires_at == after(100)
    assert not sql.at(100).renew_lease(lease).renewed


def test_releasing_a_jobs_lease_lets_the_next_worker_claim_it(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    assert sql.at(5).release_lease(lease)
    assert sql.heartbeat(lease).outcome == "lost"
    (reclaimed,) = sql.cleanup_leases()
    assert (reclaimed.job_id, reclaimed.action) == (lease.job_id, "requeued")
    assert rows("locks")[0]["expires_at"] == after(5 + DISPATCH_TTL)


def test_tokens_rise_over_releases_takeovers_and_keys(sql: SqlClient) -> None:
    tokens: list[int] = []
    for second in range(5):
        lease = sql.at(second * TTL).acquire_lease("a").lease
        other = sql.acquire_lease("b", lease_id=UUID(int=second)).lease
        tokens += [lease.fencing_token, other.fencing_token]
        if second % 2:
            sql.release_lease(other)
    assert tokens == sorted(set(tokens))
