"""Heartbeats: one call renews the lease, writes progress, and reports a loss."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows, after


def test_a_heartbeat_renews_and_writes_progress(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    beat = sql.at(7).heartbeat(
        lease, 40, current_step="Encoding clip 2 of 3", estimated_remaining=25
    )
    assert (beat.outcome, beat.expires_at) == ("held", after(7 + TTL))
    assert rows("generation_progress") == [
        {
            "project_id": lease.project_id,
            "percentage": 40,
            "current_step": "Encoding clip 2 of 3",
            "estimated_remaining": 25,
            "updated_at": after(7),
            "fencing_token": lease.fencing_token,
            "checkpoint_percentage": 0,
            "changed_at": after(7),
        }
    ]
    assert rows("locks")[0]["expires_at"] == after(7 + TTL)


def test_a_heartbeat_without_progress_only_renews(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.heartbeat(lease, 40, current_step="Encoding")
    before = rows("generation_progress")
    assert sql.at(7).heartbeat(lease).expires_at == after(7 + TTL)
    assert rows("generation_progress") == before


def test_within_an_attempt_the_percentage_never_goes_down(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    seen: list[int] = []
    for percentage in (10, 40, 30, 0, 41):
        sql.heartbeat(lease, percentage)
        seen.append(rows("generation_progress")[0]["percentage"])
    assert seen == [10, 40, 40, 40, 41]


def test_a_later_step_is_shown_even_with_an_earlier_percentage(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.heartbeat(lease, 40, current_step="Encoding", estimated_remaining=9)
    sql.heartbeat(lease, 30, current_step="Thumbnail", estimated_remaining=None)
    (progress,) = rows("generation_progress")
    assert (progress["current_step"], progress["estimated_remaining"]) == ("Thumbnail", None)


def test_the_next_attempt_may_show_a_lower_percentage(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.heartbeat(lease, 70)
    assert lease.job_id is not None
    second = sql.at(TTL).claim_job(lease.job_id).lease
    assert second is not None
    assert rows("generation_progress")[0]["percentage"] == 0
    sql.heartbeat(second, 20)
    assert rows("generation_progress")[0]["percentage"] == 20


def test_a_heartbeat_at_the_moment_of_expiry_is_lost(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    before = rows("locks"), rows("generation_progress")
    beat = sql.at(TTL).heartbeat(lease, 50)
    assert (beat.outcome, beat.expires_at) == ("lost", None)
    assert (rows("locks"), rows("generation_progress")) == before


def test_the_old_holder_changes_nothing_after_a_takeover(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    assert lease.job_id is not None
    sql.at(TTL).claim_job(lease.job_id)
    before = rows("locks"), rows("generation_progress"), rows("jobs")
    assert sql.heartbeat(lease, 99).outcome == "lost"
    assert sql.clear_progress(lease) == "lost"
    assert (rows("locks"), rows("generation_progress"), rows("jobs")) == before


@pytest.mark.parametrize("change", ["lease_id", "fencing_token"])
def test_a_token_or_a_lease_id_alone_changes_nothing(
    sql: SqlClient, lease: Lease, rows: Rows, change: str
) -> None:
    wrong = {"lease_id": uuid4(), "fencing_token": lease.fencing_token - 1}[change]
    forged = lease.model_copy(update={change: wrong})
    before = rows("locks"), rows("generation_progress")
    assert sql.at(1).heartbeat(forged, 99).outcome == "lost"
    assert sql.clear_progress(forged) == "lost"
    assert (rows("locks"), rows("generation_progress")) == before


def test_a_missing_token_or_lease_id_changes_nothing(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    before = rows("locks"), rows("generation_progress")
    for missing in ("project_id", "lease_id", "fencing_token"):
        proof = {
            "project_id": lease.project_id,
            "job_id": lease.job_id,
            "lease_id": lease.lease_id,
            "fencing_token": lease.fencing_token,
        } | {missing: None}
        beat = sql.one("heartbeat", **proof, ttl_seconds=TTL, percentage=99)
        assert beat == {"outcome": "lost", "expires_at": None}
    assert (rows("locks"), rows("generation_progress")) == before


def test_a_cancelled_worker_is_told_so(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.cancel_job(lease.project_id)
    assert sql.heartbeat(lease, 50).outcome == "cancelled"
    assert sql.clear_progress(lease) == "cancelled"
    assert rows("generation_progress") == rows("locks") == []


def test_a_cancelled_worker_is_told_so_while_the_next_job_runs(
    sql: SqlClient, lease: Lease
) -> None:
    sql.cancel_job(lease.project_id)
    sql.start_job(lease.project_id)
    assert sql.heartbeat(lease, 50).outcome == "cancelled"


@pytest.mark.parametrize(
    ("news", "error"),
    [
        ({"percentage": 101}, psycopg.errors.CheckViolation),
        ({"percentage": -1}, psycopg.errors.CheckViolation),
        ({"percentage": 5, "estimated_remaining": -1}, psycopg.errors.CheckViolation),
        ({"percentage": 5, "current_step": None}, psycopg.errors.NotNullViolation),
        ({"percentage": 5, "ttl_seconds": 0.0}, psycopg.errors.InvalidParameterValue),
    ],
)
def test_values_out_of_bounds_are_refused_and_change_nothing(
    sql: SqlClient, lease: Lease, rows: Rows, news: dict[str, Any], error: type[Exception]
) -> None:
    before = rows("locks"), rows("generation_progress")
    with pytest.raises(error):
        sql.at(5).heartbeat(lease, **news)
    assert (rows("locks"), rows("generation_progress")) == before


def test_progress_needs_no_job(sql: SqlClient, project: str, rows: Rows) -> None:
    held = sql.acquire_lease(project, holder="importer").lease
    assert sql.heartbeat(held, 12, current_step="Importing").outcome == "held"
    assert rows("generation_progress")[0]["percentage"] == 12
    assert sql.clear_progress(held) == "cleared"
    assert rows("generation_progress") == []


async def test_a_heartbeat_that_waited_until_after_expiry_changes_nothing(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    before = rows("locks"), rows("generation_progress")
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        beat = await race.waiting(lambda: race.live.heartbeat(live_lease, 50))
        race.clock.advance(TTL)
    assert (await beat).outcome == "lost"
    assert (rows("locks"), rows("generation_progress")) == before


async def test_a_heartbeat_that_waited_behind_a_cancel_learns_of_it(
    race: Race, live_lease: Lease, rows: Rows
) -> None:
    with race.other.connection.transaction():
        race.other.cancel_job(live_lease.project_id)
        beat = await race.waiting(lambda: race.live.heartbeat(live_lease, 50))
    assert (await beat).outcome == "cancelled"
    assert rows("generation_progress") == []


async def test_a_heartbeat_does_not_wait_for_the_project_row(race: Race, live_lease: Lease) -> None:
    """A start, a claim or a cancel that is under way must not make a healthy worker late."""
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_projects for no key update")
        beat = await asyncio.to_thread(race.live.heartbeat, live_lease, 50)
        assert beat.outcome == "held"


def test_heartbeats_are_hot_updates(sql: SqlClient, lease: Lease) -> None:
    """They write no index entry. An index on any column that they change would end that."""
    query = (
        "select relname, n_tup_upd as updated, n_tup_hot_upd as hot from pg_stat_xact_user_tables"
        " where relname in ('editai_locks', 'editai_generation_progress') order by relname"
    )
    with sql.connection.transaction():
        for second in range(20):
            sql.at(second).heartbeat(lease, second)
        written = sql.connection.execute(query).fetchall()
    assert len(written) == 2
    assert all(row["updated"] == row["hot"] >= 20 for row in written), written
