"""Progress under a lease of any key: a project or not, and how long it lasts."""

from typing import Any

import pytest

from shared.database.client import CLEANUP_TIMEOUT_SECONDS, call
from shared.errors import InvalidRequest, LeaseLost
from shared.jobs.leases import acquire_lease, release_lease
from shared.jobs.progress import Progress, get_key_progress, update_generation_progress
from shared.jobs.records import Lease
from tests.support.database import Clock, Connection

KEY, TTL_SECONDS = "nightly-export", 60.0


@pytest.fixture
async def lease(fresh_state: object) -> Lease:
    """The lease of a key that is no project."""
    lease = await acquire_lease(KEY, holder="exporter", ttl_seconds=TTL_SECONDS)
    assert isinstance(lease, Lease)
    await update_generation_progress(
        lease, Progress(percentage=40, current_step="Writing rows"), ttl_seconds=TTL_SECONDS
    )
    return lease


async def test_the_holder_of_any_key_writes_progress_until_it_releases_it(lease: Lease) -> None:
    written = await get_key_progress(KEY)
    assert written is not None
    assert (written.percentage, written.current_step) == (40, "Writing rows")
    assert await release_lease(lease)
    assert await get_key_progress(KEY) is None


async def test_cleanup_removes_the_progress_of_a_key_with_its_expired_lease(
    lease: Lease, clock: Clock
) -> None:
    clock.advance(TTL_SECONDS)
    with pytest.raises(LeaseLost):
        await update_generation_progress(lease, None, ttl_seconds=TTL_SECONDS)
    assert await get_key_progress(KEY) is not None  # durable until then
    rows = await call(
        "cleanup_leases",
        list[dict[str, Any]],
        timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
        limit=10,
        dispatch_ttl_seconds=30,
    )
    assert [(row["action"], row["kind"]) for row in rows] == [("released", None)]
    assert await get_key_progress(KEY) is None


@pytest.mark.parametrize("percentage", [-1, 101])
def test_a_percentage_out_of_range_is_an_invalid_request(percentage: int) -> None:
    with pytest.raises(InvalidRequest, match="0 to 100"):
        Progress(percentage=percentage, current_step="x")


async def test_a_projects_progress_is_deleted_with_it_and_not_with_a_lease(
    fresh_state: object, admin: Connection
) -> None:
    admin.execute("select editai_create_project(gen_random_uuid(), 'Reel', 'reel')")
    lease = await acquire_lease("reel", holder="exporter", ttl_seconds=TTL_SECONDS)
    assert isinstance(lease, Lease)
    progress = Progress(percentage=7, current_step="x")
    await update_generation_progress(lease, progress, ttl_seconds=TTL_SECONDS)
    await release_lease(lease)
    assert await get_key_progress("reel") is not None
    admin.execute("delete from editai_projects where id = 'reel'")
    assert await get_key_progress("reel") is None
