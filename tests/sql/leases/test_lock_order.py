"""The order of row locks: project, lease, job, progress. Two calls that keep it cannot deadlock."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL

Call = Callable[[SqlClient, Lease], Any]

TAKING_BOTH: dict[str, Call] = {
    "acquire_lease": lambda sql, lease: sql.acquire_lease(lease.project_id),
    "start_job": lambda sql, lease: sql.start_job(lease.project_id),
    "claim_job": lambda sql, lease: sql.claim_job(job_of(lease)),
    "finish_job": lambda sql, lease: sql.finish_job(lease),
    "cancel_job": lambda sql, lease: sql.cancel_job(lease.project_id),
    "delete_project": lambda sql, lease: sql.delete_project(lease.project_id),
    "delete_source": lambda sql, _lease: sql.delete_source(SOURCE),
}

TAKING_THE_PROJECT: dict[str, Call] = {
    **TAKING_BOTH,
    "create_source": lambda sql, lease: sql.create_source(lease.project_id),
}

TAKING_THE_LEASE: dict[str, Call] = {
    **TAKING_BOTH,
    "renew_lease": lambda sql, lease: sql.renew_lease(lease),
    "release_lease": lambda sql, lease: sql.release_lease(lease),
    "heartbeat": lambda sql, lease: sql.heartbeat(lease, 50),
    "record_clip": lambda sql, lease: sql.record_clip(lease, 1),
    "clear_progress": lambda sql, lease: sql.clear_progress(lease),
}

SOURCE = UUID(int=9)


def job_of(lease: Lease) -> UUID:
    assert lease.job_id is not None
    return lease.job_id


@pytest.fixture
def expired_lease(race: Race, live_lease: Lease) -> Lease:
    """A job's lease that anyone may take over now, in a project with a source."""
    race.live.create_source(live_lease.project_id, source_id=SOURCE)
    race.clock.advance(TTL)
    return live_lease


@pytest.mark.parametrize("function", TAKING_THE_PROJECT)
async def test_a_call_that_waits_for_the_project_holds_no_other_lock(
    race: Race, expired_lease: Lease, function: str
) -> None:
    """So the holder of the project's lock may lock everything below it without a deadlock."""
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_projects for no key update")
        call = TAKING_THE_PROJECT[function]
        task = await race.waiting(lambda: call(race.live, expired_lease))
        race.other.connection.execute("select 1 from editai_locks for update nowait")
        race.other.connection.execute("select 1 from editai_jobs for update nowait")
        race.other.connection.execute("select 1 from editai_generation_progress for update nowait")
    await task


@pytest.mark.parametrize("function", TAKING_THE_LEASE)
async def test_a_call_that_waits_for_the_lease_holds_no_job_or_progress_lock(
    race: Race, expired_lease: Lease, function: str
) -> None:
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        call = TAKING_THE_LEASE[function]
        task = await race.waiting(lambda: call(race.live, expired_lease))
        race.other.connection.execute("select 1 from editai_jobs for update nowait")
        race.other.connection.execute("select 1 from editai_generation_progress for update nowait")
    await task
