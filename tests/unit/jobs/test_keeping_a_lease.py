"""The lease functions as Python sees them: acquire, wait, keep, lose, release."""

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


def asked_for_at(at: float, lease: Lease) -> Lease:
    """The lease as if it had been asked for at another loop time."""
    return lease.model_copy(update={"requested_at": at})


async def forever() -> None:
    """Work that only ends by being stopped."""
    await asyncio.Event().wait()


def lock_rows(admin: Connection) -> int:
    row = admin.execute("select count(*) as rows from editai_locks").fetchone()
    assert row is not None
    return row["rows"]


async def test_a_held_key_is_busy_and_says_who_holds_it(lease: Lease) -> None:
    answer = await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    assert isinstance(answer, Busy)
    assert (answer.lease.holder, answer.lease.fencing_token) == ("first", lease.fencing_token)


async def test_whoever_waits_gets_the_key_when_it_is_released(lease: Lease) -> None:
    waiting = asyncio.create_task(
        acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS, wait_seconds=30)
    )
    assert await release_lease(lease)
    granted = await waiting
    assert isinstance(granted, Lease)
    assert granted.fencing_token > lease.fencing_token


def test_whoever_waits_longer_asks_less_often_and_not_with_the_others() -> None:
    steps = [[*islice(wait_steps(), 12)] for _ in range(20)]
    for own in steps:
        assert 0.1 <= own[0] <= 0.2
        assert own[0] < own[4] < own[8]
        assert 1 <= own[-1] <= 2
    assert len({own[0] for own in steps}) == len({own[-1] for own in steps}) == 20


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
        clock.advance(TTL_SECONDS * 0.6)  # two of these would be one too many without a renewal
        await renew_lease(lease, ttl_seconds=TTL_SECONDS)
        renewals += 1
        keeper.renew_soon()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=renew) as keeper:
        keeper.renew_soon()
        while renewals < 3:  # noqa: ASYNC110 - the renewals are what is waited for
            await asyncio.sleep(0)  # the keeper's turn; no time passes
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
    "fault", [DatabaseUnavailable(), QueryFailed("XX000")], ids=["no answer", "no use"]
)
async def test_work_is_stopped_before_expiry_when_the_database_is_of_no_use(
    lease: Lease, fault: EditAIError
) -> None:
    async def no_answer() -> None:
        raise fault

    loop = asyncio.get_running_loop()
    requested_at = loop.time() - TTL_SECONDS + 0.2  # almost all of the time to live has passed
    with pytest.raises(LeaseLost):
        async with keep_lease(
            asked_for_at(requested_at, lease), ttl_seconds=TTL_SECONDS, renew=no_answer
        ):
            await forever()
    assert loop.time() < requested_at + TTL_SECONDS


async def test_a_renewal_that_failed_is_tried_again(lease: Lease) -> None:
    tries = 0
    renewed = asyncio.Event()

    async def fails_once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise QueryFailed("XX000")
        renewed.set()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=fails_once) as keeper:
        keeper.renew_soon()
        await renewed.wait()


async def test_a_renewal_that_succeeds_while_the_work_is_being_stopped_does_not_hide_the_loss(
    lease: Lease,
) -> None:
    asked, answer, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answered_late() -> None:
        asked.set()
        await answer.wait()
        asyncio.get_running_loop().call_soon(answered.set)

    async def work() -> None:
        requested_at = asyncio.get_running_loop().time() - TTL_SECONDS + 1.5
        kept = asked_for_at(requested_at, lease)
        async with keep_lease(kept, ttl_seconds=TTL_SECONDS, renew=answered_late) as keeper:
            keeper.renew_soon()
            try:
                await forever()
            finally:
                assert asked.is_set()
                answer.set()
                await answered.wait()

    with pytest.raises(LeaseLost):
        await work()


async def test_a_fault_of_the_work_comes_out_as_it_is(lease: Lease) -> None:
    with pytest.raises(TimeoutError, match="the work's own"):
        async with keep_lease(lease, ttl_seconds=TTL_SECONDS):
            raise TimeoutError("the work's own")


async def test_work_that_fails_right_after_it_had_news_ends(lease: Lease) -> None:
    """The keeper, which has not had its turn since, is woken and cancelled at once."""

    async def work() -> None:
        async with keep_lease(lease, ttl_seconds=TTL_SECONDS) as keeper:
            await asyncio.sleep(TTL_SECONDS / 4)  # the keeper waits for news now
            keeper.renew_soon()
            raise ZeroDivisionError

    async with asyncio.timeout(10) as patience:
        with pytest.raises(ZeroDivisionError):
            await work()
    assert not patience.expired()


async def test_keeping_ends_with_the_work(lease: Lease) -> None:
    before = len(asyncio.all_tasks())
    async with keep_lease(lease, ttl_seconds=TTL_SECONDS):
        pass
    assert len(asyncio.all_tasks()) == before


async def test_the_time_to_live_counts_from_before_it_was_asked_for(fresh_state: object) -> None:
    assert fresh_state
    before = asyncio.get_running_loop().time()
    lease = await acquire_lease("reel-1", holder="first", ttl_seconds=TTL_SECONDS)
    assert isinstance(lease, Lease)
    assert lease.requested_at is not None
    assert before <= lease.requested_at < asyncio.get_running_loop().time()
    stale = asked_for_at(before - TTL_SECONDS, lease)
    with pytest.raises(LeaseLost):
        async with keep_lease(stale, ttl_seconds=TTL_SECONDS):
            await forever()


async def test_nobody_keeps_a_lease_that_someone_else_asked_for(lease: Lease) -> None:
    answer = await acquire_lease("reel-1", holder="second", ttl_seconds=TTL_SECONDS)
    assert isinstance(answer, Busy)
    with pytest.raises(ValueError, match="only who has asked"):
        async with keep_lease(answer.lease, ttl_seconds=TTL_SECONDS):
            pass


async def test_the_end_of_the_work_is_not_taken_for_a_loss(lease: Lease) -> None:
    """A renewal that comes after the lease was given back, and before its answer has arrived, would be refused."""
    async with keep_lease(lease, ttl_seconds=TTL_SECONDS) as keeper:
        await keeper.stop_renewing()
        assert await release_lease(lease)
        keeper.renew_soon()
        (renewing,) = (t for t in asyncio.all_tasks() if t.get_name() == "lease-keeper-reel-1")
        await renewing  # it comes to its turn, and ends without asking
    assert keeper.loss is None


async def test_who_is_about_to_end_waits_for_a_renewal_under_way(lease: Lease) -> None:
    asked_for, answer = asyncio.Event(), asyncio.Event()

    async def renew() -> None:
        asked_for.set()
        await answer.wait()

    async with keep_lease(lease, ttl_seconds=TTL_SECONDS, renew=renew) as keeper:
        keeper.renew_soon()
        await asked_for.wait()
        resting = asyncio.create_task(keeper.stop_renewing())
        done, _ = await asyncio.wait((resting,), timeout=0)
        assert not done
        answer.set()
        await resting


async def test_a_bad_time_to_live_is_a_fault_of_the_caller(fresh_state: object) -> None:
    with pytest.raises(Exception, match="went wrong"):
        await acquire_lease("reel-1", holder="first", ttl_seconds=0)
