"""The lease functions called from Python: acquire, wait, keep, lose, release."""

import asyncio
from itertools import islice

import pytest

from shared.database.client import QueryFailed
from shared.errors import DatabaseUnavailable, EditAIError, LeaseLost
from shared.jobs.leases import (
    Busy,
    acquire_lease,
    keep_lease,
    release_lease,
    renew_lease,
    wait_steps,
)
from shared.jobs.records import Lease
from tests.support.database import Clock, Connection

TTL_SECONDS = 3.0
"""Short, so that a keeper renews within half a second; no test waits for it to pass."""


@pytest.fixture
async def lease(fresh_state: object) -> Lease:
    granted = await acquire_lease("reel-1", holder="first", ttl_seconds=TTL_SECONDS)
    assert isinstance(granted, Lease)
    return granted


def requested_at_time(at: float, lease: Lease) -> Lease:
    """The lease as if it had been requested at another loop time."""
    return lease.model_copy(update={"requested_at": at})


async def forever() -> None:
    """Work that ends only when it is cancelled."""
    await asyncio.Event().wait()


def lock_rows(admin: Connection) -> int:
    row = admin.execute("select count(*) as rows from editai_locks").fetchone()
    assert row is not None
    return row["rows"]


async def test_acquiring_a_held_key_returns_busy_with_its_holder(lease: Lease) -> None:
    outcome = await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    assert isinstance(outcome, Busy)
    assert (outcome.lease.holder, outcome.lease.fencing_token) == ("first", lease.fencing_token)


async def test_a_waiting_caller_gets_the_key_when_it_is_released(lease: Lease) -> None:
    waiting = asyncio.create_task(
        acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS, wait_seconds=30)
    )
    assert await release_lease(lease)
    granted = await waiting
    assert isinstance(granted, Lease)
    assert granted.fencing_token > lease.fencing_token


def test_waiting_callers_back_off_with_jitter() -> None:
    steps = [[*islice(wait_steps(), 12)] for _ in range(20)]
    for of_caller in steps:
        assert 0.1 <= of_caller[0] <= 0.2
        assert of_caller[0] < of_caller[4] < of_caller[8]
        assert 1 <= of_caller[-1] <= 2
    first, last = ({of_caller[step] for of_caller in steps} for step in (0, -1))
    assert len(first) == len(last) == 20


async def test_an_expired_lease_is_taken_over_with_a_higher_token(
    lease: Lease, clock: Clock
) -> None:
    clock.advance(TTL_SECONDS)
    granted = await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    assert isinstance(granted, Lease)
    assert granted.fencing_token > lease.fencing_token


async def test_an_expired_lease_is_neither_renewed_nor_released_from_its_successor(
    lease: Lease, clock: Clock, admin: Connection
) -> None:
    clock.advance(TTL_SECONDS)
    await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    with pytest.raises(LeaseLost):
        await renew_lease(lease, ttl_seconds=TTL_SECONDS)
    assert not await release_lease(lease)
    assert lock_rows(admin) == 1


async def test_a_released_lease_leaves_no_row(lease: Lease, admin: Connection) -> None:
    assert await release_lease(lease)
    assert lock_rows(admin) == 0


async def test_a_kept_lease_is_renewed_while_the_work_goes_on(lease: Lease, clock: Clock) -> None:
    renewals = 0

    async def renew() -> None:
        nonlocal renewals
        clock.advance(TTL_SECONDS * 0.6)  # without a renewal, two of these exceed the time to live
        await renew_lease(lease, ttl_seconds=TTL_SECONDS)
        renewals += 1
        keeper.renew_soon()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=renew) as keeper:
        keeper.renew_soon()
        while renewals < 3:  # noqa: ASYNC110 - waits for the renewals
            await asyncio.sleep(0)  # lets the keeper run; no time passes
    assert renewals == 3


async def test_work_is_stopped_when_someone_else_has_the_lease(lease: Lease, clock: Clock) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        async with keep_lease(lease, ttl_seconds=TTL_SECONDS) as keeper:
            clock.advance(TTL_SECONDS)
            await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
            keeper.renew_soon()
            try:
                await forever()
            finally:
                stopped.set()

    with pytest.raises(LeaseLost) as lost:
        await work()
    assert stopped.is_set()
    assert not lost.value.cancelled


@pytest.mark.parametrize(
    "fault", [DatabaseUnavailable(), QueryFailed("XX000")], ids=["no response", "query failed"]
)
async def test_work_is_stopped_before_expiry_when_renewals_keep_failing(
    lease: Lease, fault: EditAIError
) -> None:
    async def renewal_fails() -> None:
        raise fault

    loop = asyncio.get_running_loop()
    requested_at = loop.time() - TTL_SECONDS + 0.2  # almost all of the time to live has passed
    with pytest.raises(LeaseLost):
        async with keep_lease(
            requested_at_time(requested_at, lease), ttl_seconds=TTL_SECONDS, renew=renewal_fails
        ):
            await forever()
    assert loop.time() < requested_at + TTL_SECONDS


async def test_a_failed_renewal_is_retried(lease: Lease) -> None:
    attempts = 0
    renewed = asyncio.Event()

    async def fails_once() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise QueryFailed("XX000")
        renewed.set()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=fails_once) as keeper:
        keeper.renew_soon()
        await renewed.wait()


async def test_a_renewal_that_succeeds_while_the_work_is_being_stopped_does_not_hide_the_loss(
    lease: Lease,
) -> None:
    requested, respond, responded = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow_response() -> None:
        requested.set()
        await respond.wait()
        asyncio.get_running_loop().call_soon(responded.set)

    async def work() -> None:
        requested_at = asyncio.get_running_loop().time() - TTL_SECONDS + 1.5
        kept = requested_at_time(requested_at, lease)
        async with keep_lease(kept, ttl_seconds=TTL_SECONDS, renew=slow_response) as keeper:
            keeper.renew_soon()
            try:
                await forever()
            finally:
                assert requested.is_set()
                respond.set()
                await responded.wait()

    with pytest.raises(LeaseLost):
        await work()


async def test_an_exception_of_the_work_is_raised_unchanged(lease: Lease) -> None:
    with pytest.raises(TimeoutError, match="the work's own"):
        async with keep_lease(lease, ttl_seconds=TTL_SECONDS):
            raise TimeoutError("the work's own")


async def test_work_that_fails_right_after_requesting_a_renewal_ends(lease: Lease) -> None:
    """The keeper has not run since the request, so it is woken and cancelled at the same time."""

    async def work() -> None:
        async with keep_lease(lease, ttl_seconds=TTL_SECONDS) as keeper:
            await asyncio.sleep(TTL_SECONDS / 4)  # the keeper now waits for a request
            keeper.renew_soon()
            raise ZeroDivisionError

    async with asyncio.timeout(10) as timeout:
        with pytest.raises(ZeroDivisionError):
            await work()
    assert not timeout.expired()


async def test_the_keeper_task_ends_with_the_work(lease: Lease) -> None:
    before = len(asyncio.all_tasks())
    async with keep_lease(lease, ttl_seconds=TTL_SECONDS):
        pass
    assert len(asyncio.all_tasks()) == before


async def test_the_time_to_live_counts_from_before_the_request(fresh_state: object) -> None:
    assert fresh_state
    before = asyncio.get_running_loop().time()
    lease = await acquire_lease("reel-1", holder="first", ttl_seconds=TTL_SECONDS)
    assert isinstance(lease, Lease)
    assert lease.requested_at is not None
    assert before <= lease.requested_at < asyncio.get_running_loop().time()
    stale = requested_at_time(before - TTL_SECONDS, lease)
    with pytest.raises(LeaseLost):
        async with keep_lease(stale, ttl_seconds=TTL_SECONDS):
            await forever()


async def test_a_lease_that_someone_else_requested_cannot_be_kept(lease: Lease) -> None:
    outcome = await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    assert isinstance(outcome, Busy)
    with pytest.raises(ValueError, match="only the process that requested a lease"):
        async with keep_lease(outcome.lease, ttl_seconds=TTL_SECONDS):
            pass


async def test_releasing_the_lease_is_not_reported_as_a_loss(lease: Lease) -> None:
    """A renewal would be refused if it came after the release, but before the release's response has arrived."""
    async with keep_lease(lease, ttl_seconds=TTL_SECONDS) as keeper:
        await keeper.stop_renewing()
        assert await release_lease(lease)
        keeper.renew_soon()
        (renewing,) = (t for t in asyncio.all_tasks() if t.get_name() == "lease-keeper-reel-1")
        await renewing  # it wakes up and ends without a request
    assert keeper.loss is None


async def test_stop_renewing_waits_for_a_renewal_in_flight(lease: Lease) -> None:
    requested, respond = asyncio.Event(), asyncio.Event()

    async def renew() -> None:
        requested.set()
        await respond.wait()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=renew) as keeper:
        keeper.renew_soon()
        await requested.wait()
        stopping = asyncio.create_task(keeper.stop_renewing())
        done, _ = await asyncio.wait((stopping,), timeout=0)
        assert not done
        respond.set()
        await stopping


async def test_an_invalid_time_to_live_is_refused(fresh_state: object) -> None:
    with pytest.raises(QueryFailed):
        await acquire_lease("reel-1", holder="first", ttl_seconds=0)
