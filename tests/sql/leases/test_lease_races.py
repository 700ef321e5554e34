"""Leases when transactions wait for each other: time passes while they wait, and the order of commits decides."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from shared.jobs.records import Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import TTL, Acquired


@pytest.fixture
def key_lease(live: SqlClient) -> Lease:
    return live.acquire_lease("key", holder="first").lease


async def test_a_renewal_that_waited_until_after_expiry_is_refused(
    race: Race, key_lease: Lease
) -> None:
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        renewal = await race.waiting(lambda: race.live.renew_lease(key_lease))
        race.clock.advance(TTL)
    assert not (await renewal).renewed


async def test_a_renewal_that_waited_counts_from_the_end_of_its_wait(
    race: Race, key_lease: Lease
) -> None:
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        renewal = await race.waiting(lambda: race.live.renew_lease(key_lease))
        race.clock.advance(TTL / 2)
        released_at = race.clock.now()
    expires_at = (await renewal).expires_at
    assert expires_at is not None
    assert (expires_at - released_at).total_seconds() >= TTL


async def test_a_renewal_that_waited_behind_a_takeover_is_refused(
    race: Race, key_lease: Lease
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        second = race.other.acquire_lease("key", holder="second").lease
        renewal = await race.waiting(lambda: race.live.renew_lease(key_lease))
    assert not (await renewal).renewed
    assert race.other.renew_lease(second).renewed


async def test_a_takeover_that_waited_behind_a_renewal_is_refused(
    race: Race, new_client: Callable[[], SqlClient]
) -> None:
    lease = race.live.at(0).acquire_lease("key").lease
    renewer = new_client().at(TTL - 1)
    with renewer.connection.transaction():
        renewer.renew_lease(lease)
        race.live.at(TTL)
        takeover = await race.waiting(lambda: race.live.acquire_lease("key"))
    answer = await takeover
    assert (answer.granted, answer.lease.fencing_token) == (False, lease.fencing_token)


async def test_a_takeover_waits_for_a_renewal_that_has_only_locked_the_row(
    race: Race, key_lease: Lease
) -> None:
    """Its insert meets no change to wait for; only the row lock tells it to."""
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        takeover = await race.waiting(lambda: race.live.acquire_lease("key"))
        race.other.connection.execute("update editai_locks set expires_at = expires_at + '1 hour'")
    answer = await takeover
    assert (answer.granted, answer.lease.lease_id) == (False, key_lease.lease_id)


async def test_the_second_of_two_acquires_of_a_free_key_waits_and_is_refused(race: Race) -> None:
    with race.other.connection.transaction():
        first = race.other.acquire_lease("key")
        second = await race.waiting(lambda: race.live.acquire_lease("key"))
    answer = await second
    assert (first.granted, answer.granted) == (True, False)
    assert answer.lease == first.lease


async def test_the_second_of_two_acquires_of_an_expired_key_waits_and_is_refused(
    race: Race, key_lease: Lease
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        first = race.other.acquire_lease("key")
        second = await race.waiting(lambda: race.live.acquire_lease("key"))
    answer = await second
    assert (first.granted, answer.granted) == (True, False)
    assert answer.lease == first.lease
    assert first.lease.fencing_token > key_lease.fencing_token


async def test_tokens_rise_in_the_order_of_commits(race: Race) -> None:
    """The one that waited draws its token after the other has committed, not before it waited."""
    with race.other.connection.transaction():
        first = race.other.acquire_lease("key", ttl_seconds=1)
        second = await race.waiting(lambda: race.live.acquire_lease("key"))
        race.clock.advance(1)
        between = race.admin.execute("select nextval('editai_fencing_tokens') as token").fetchone()
    answer = await second
    assert between is not None
    assert answer.granted
    assert first.lease.fencing_token < between["token"] < answer.lease.fencing_token


async def test_an_acquire_that_waited_for_a_release_gets_the_key(
    race: Race, key_lease: Lease
) -> None:
    race.clock.advance(TTL)
    with race.other.connection.transaction():
        race.other.release_lease(key_lease)
        acquired = await race.waiting(lambda: race.live.acquire_lease("key"))
    answer = await acquired
    assert answer.granted
    assert answer.lease.fencing_token > key_lease.fencing_token


@pytest.mark.parametrize("state", ["free", "expired"])
async def test_of_many_at_once_exactly_one_gets_the_key(
    race: Race, new_client: Callable[[], SqlClient], state: str
) -> None:
    clients = [new_client() for _ in range(8)]
    before = clients[0].acquire_lease("key").lease
    if state == "expired":
        race.clock.advance(TTL)
    else:
        clients[0].release_lease(before)
    answers: list[Acquired] = await asyncio.gather(
        *(asyncio.to_thread(client.acquire_lease, "key") for client in clients)
    )
    (winner,) = [answer.lease for answer in answers if answer.granted]
    assert winner.fencing_token > before.fencing_token
    assert {answer.lease.lease_id for answer in answers} == {winner.lease_id}


async def test_a_call_gives_up_waiting_before_its_caller_does(race: Race, key_lease: Lease) -> None:
    with race.other.connection.transaction():
        race.other.connection.execute("select 1 from editai_locks for update")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await asyncio.to_thread(race.live.renew_lease, key_lease)
    assert race.live.renew_lease(key_lease).renewed
