"""Recording clips: checkpoints after which the next attempt continues."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Rows, after, clip_facts


def test_a_recorded_clip_is_as_described(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    answer = sql.at(3).record_clip(lease, 1)
    assert answer.outcome == "recorded"
    assert answer.clip is not None
    (row,) = rows("clips")
    facts = clip_facts(lease, 1)
    assert {name: row[name] for name in facts} == facts
    assert (row["project_id"], row["job_id"]) == (lease.project_id, lease.job_id)
    assert (row["is_selected"], row["created_at"]) == (False, after(3))
    assert answer.clip.id == row["id"]


def test_recording_again_returns_the_first(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    first = sql.record_clip(lease, 1)
    elsewhere = f"{clip_facts(lease, 1)['storage_path']}.2"
    again = sql.at(5).record_clip(lease, 1, storage_path=elsewhere, size_bytes=1)
    assert again == first
    assert len(rows("clips")) == 1


def test_the_next_attempt_gets_the_first_attempts_clip(sql: SqlClient, lease: Lease) -> None:
    first = sql.record_clip(lease, 1)
    assert lease.job_id is not None
    second = sql.at(TTL).claim_job(lease.job_id).lease
    assert second is not None
    assert sql.record_clip(second, 1) == first


@pytest.mark.parametrize("how", ["expired", "taken over", "wrong id", "wrong token"])
def test_a_stale_holder_records_nothing(sql: SqlClient, lease: Lease, rows: Rows, how: str) -> None:
    assert lease.job_id is not None
    stale = lease
    if how in ("expired", "taken over"):
        sql.at(TTL)
    if how == "taken over":
        sql.claim_job(lease.job_id)
    if how == "wrong id":
        stale = lease.model_copy(update={"lease_id": uuid4()})
    if how == "wrong token":
        stale = lease.model_copy(update={"fencing_token": lease.fencing_token + 1})
    answer = sql.record_clip(stale, 1)
    assert (answer.outcome, answer.clip) == ("lost", None)
    assert rows("clips") == []


def test_a_cancelled_worker_records_nothing(sql: SqlClient, lease: Lease, rows: Rows) -> None:
    sql.cancel_job(lease.project_id)
    assert sql.record_clip(lease, 1).outcome == "cancelled"
    assert rows("clips") == []


def test_a_lease_records_clips_of_its_own_job_only(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    elsewhere = sql.start_job(sql.create_project().id).job
    assert elsewhere is not None
    for job_id in (elsewhere.id, uuid4(), None):
        forged = lease.model_copy(update={"job_id": job_id})
        assert sql.record_clip(forged, 1).outcome == "lost"
    assert rows("clips") == []


def test_a_variant_of_another_job_is_not_recorded_over(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    sql.record_clip(lease, 1)
    sql.finish_job(lease)
    job = sql.start_job(lease.project_id).job
    assert job is not None
    second = sql.claim_job(job.id).lease
    assert second is not None
    before = rows("clips")
    with pytest.raises(psycopg.errors.UniqueViolation, match="another job"):
        sql.record_clip(second, 1)
    assert rows("clips") == before


@pytest.mark.parametrize(
    "change",
    [{"variant_number": 0}, {"variant_name": ""}, {"segments": None}, {"size_bytes": None}],
)
def test_a_clip_that_does_not_fit_is_refused(
    sql: SqlClient, lease: Lease, rows: Rows, change: dict[str, Any]
) -> None:
    with pytest.raises(psycopg.errors.IntegrityError):
        sql.record_clip(lease, 1, **change)
    assert rows("clips") == []


def test_a_worker_cannot_choose_a_clips_id_project_or_job(
    sql: SqlClient, lease: Lease, rows: Rows
) -> None:
    forged = {
        "id": str(UUID(int=5)),
        "project_id": "x",
        "job_id": str(uuid4()),
        "is_selected": True,
    }
    sql.record_clip(lease, 1, percentage=None, **forged)
    (clip,) = rows("clips")
    assert (clip["project_id"], clip["job_id"]) == (lease.project_id, lease.job_id)
    assert clip["id"] != UUID(int=5)
    assert not clip["is_selected"]


async def test_a_record_that_waited_until_after_expiry_is_lost(race: Race, rows: Rows) -> None:
    job = race.live.start_job(race.live.create_project().id).job
    assert job is not None
    lease = race.live.claim_job(job.id).lease
    assert lease is not None
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        record = await race.waiting(lambda: race.live.record_clip(lease, 1))
        race.clock.advance(TTL)
    assert (await record).outcome == "lost"
    assert rows("clips") == []
