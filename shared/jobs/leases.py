"""Lock leases: hold a project, or any other key, for a limited time.

    lease = await acquire_lease("project-1", holder="nightly-export", ttl_seconds=60)
    if isinstance(lease, Busy): ...
    async with keep_lease(lease, ttl_seconds=60):
        ...  # cancelled, and LeaseLost raised, before the lease can be anyone else's

    time      t0 ask        t1 granted                     t0+TTL-margin   t1'+TTL expires in the database
    holder    |-------------|======= works =================| stopped
    others                  |---------------- 409 -------------------------|==== may take over

The holder measures from the moment *before* it asked, on its own monotonic clock; the database from a moment
after it, on its own. So whatever the clocks of the hosts say, the holder stops first.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from shared.database.client import call, call_idempotent
from shared.errors import EditAIError, LeaseLost
from shared.jobs.records import Lease
from shared.observability.telemetry import count

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""How soon a renewal that got no answer is tried again."""

LATE_FRACTION = 0.5
"""A renewal is late when this part of the time to live has passed since the one before it."""

FIRST_WAIT_SECONDS = 0.2
LAST_WAIT_SECONDS = 2.0
WAIT_GROWTH = 1.5
"""Waiting for a busy key asks again after a time that grows so: whoever waits for long does not ask often."""


@dataclass(frozen=True, kw_only=True)
class Busy:
    """Someone else holds the key: an expected answer, not an error."""

    lease: Lease


async def acquire_lease(
    project_id: str, *, holder: str, ttl_seconds: float, wait_seconds: float = 0
) -> Lease | Busy:
    """Take the lease of a key, waiting up to `wait_seconds` while someone else holds it.

    Asks once more when no answer came: the same lease id gets what the first call did. Raises DatabaseUnavailable.
    """
    lease_id, now = uuid4(), asyncio.get_running_loop().time
    give_up_at = now() + wait_seconds
    steps = wait_steps()
    while True:
        requested_at = now()
        answer = await call_idempotent(
            "acquire_lease",
            project_id=project_id,
            lease_id=str(lease_id),
            holder=holder,
            ttl_seconds=ttl_seconds,
        )
        lease = Lease.model_validate(answer["lease"])
        if answer["granted"]:
            return lease.model_copy(update={"requested_at": requested_at})
        if not await wait_before(give_up_at, steps):
            return Busy(lease=lease)


def wait_steps() -> Generator[float]:
    """The seconds to wait before each next question; random within a half, so that many who wait do not ask at once."""
    longest = FIRST_WAIT_SECONDS
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
        longest = min(longest * WAIT_GROWTH, LAST_WAIT_SECONDS)


async def wait_before(give_up_at: float, steps: Iterator[float]) -> bool:
    """Sleep the next step of waiting for a busy key; False, at once, when `give_up_at` (loop time) has come."""
    remaining = give_up_at - asyncio.get_running_loop().time()
    if remaining <= 0:
        return False
    await asyncio.sleep(min(remaining, next(steps)))
    return True


async def renew_lease(lease: Lease, *, ttl_seconds: float) -> None:
    """Move the lease's end to `ttl_seconds` from now. Raises LeaseLost, DatabaseUnavailable."""
    answer = await call(
        "renew_lease",
        project_id=lease.project_id,
        lease_id=str(lease.lease_id),
        fencing_token=lease.fencing_token,
        ttl_seconds=ttl_seconds,
    )
    if not answer["renewed"]:
        raise LeaseLost(lease.project_id)


async def release_lease(lease: Lease) -> bool:
    """Give a lease back; False when it was not the caller's any more. Raises DatabaseUnavailable."""
    return await call(
        "release_lease",
        project_id=lease.project_id,
        lease_id=str(lease.lease_id),
        fencing_token=lease.fencing_token,
    )


Renew = Callable[[], Awaitable[None]]
"""Renews a lease once; raises LeaseLost when it cannot be renewed any more."""


@asynccontextmanager
async def keep_lease(
    lease: Lease, *, ttl_seconds: float, renew: Renew | None = None
) -> AsyncGenerator["LeaseKeeper"]:
    """Keep a lease that was asked for here renewed while the block runs, and cancel the block when it is lost.

    Its time is counted from before it was asked for, however long ago that was. `renew` replaces the plain renewal (a
    job's also writes progress). The lease is not released at the end: that belongs to the write that ends the work.
    Raises LeaseLost after the block has been stopped, before the lease can be anyone else's; ValueError for a lease
    of which nobody knows when it was asked for.
    """
    if lease.requested_at is None:
        raise ValueError("only who has asked for a lease can keep it")

    async def renew_plainly() -> None:
        await renew_lease(lease, ttl_seconds=ttl_seconds)

    scope = asyncio.timeout_at(lease.requested_at + ttl_seconds - _margin(ttl_seconds))
    keeper = LeaseKeeper(lease, ttl_seconds=ttl_seconds, renew=renew or renew_plainly, scope=scope)
    try:
        async with scope:
            task = asyncio.create_task(keeper.run(), name=f"lease-keeper-{lease.project_id}")
            try:
                yield keeper
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    except TimeoutError:
        if scope.expired():
            raise keeper.loss or LeaseLost(lease.project_id) from None
        raise


def _margin(ttl_seconds: float) -> float:
    """How long before the lease's end the work is stopped: time to kill a process group and reap it."""
    return min(5.0, ttl_seconds / 4)


class LeaseKeeper:
    """Renews a lease every third of its time to live, and sooner when asked to, but not more than once a second.

    The block's timeout is the lease's end on the monotonic clock: a renewal moves it, a loss brings it to now.
    """

    def __init__(
        self, lease: Lease, *, ttl_seconds: float, renew: Renew, scope: asyncio.Timeout
    ) -> None:
        self.lease = lease
        self.loss: LeaseLost | None = None
        self._ttl_seconds = ttl_seconds
        self._renew = renew
        self._scope = scope
        self._wanted = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._stopped = False
        self._renewed_at = 0.0

    def renew_soon(self) -> None:
        """Ask for a renewal before the next one is due: there is news to send with it."""
        self._wanted.set()

    async def stop_renewing(self) -> None:
        """Renew no more, from when this returns: for the write that gives the lease back.

        A renewal that came after it would find the lease gone and take the work, which is done, for lost. The block
        still ends before the lease does.
        """
        async with self._renewing:
            self._stopped = True

    async def run(self) -> None:
        """Renew until cancelled, the lease is lost, or the work is about to end."""
        pause = min(1.0, self._ttl_seconds / 6)
        self._renewed_at = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._ttl_seconds / 3 - pause):
                    await self._wanted.wait()
            self._wanted.clear()
            async with self._renewing:
                if self._stopped or not await self._renew_once():
                    return

    async def _renew_once(self) -> bool:
        """Renew, or try to; False when the lease is lost."""
        now = asyncio.get_running_loop().time
        requested_at = now()
        try:
            await self._renew()
        except LeaseLost as loss:
            self.loss = loss
            self._end_block_at(now())
            return False
        except EditAIError:
            # Whatever is wrong with the database, the lease stands until its end.
            logger.warning("renewal of %s got no answer; trying again", self.lease.project_id)
            self._wanted.set()
            return True
        if now() - self._renewed_at > self._ttl_seconds * LATE_FRACTION:
            count("editai.heartbeats.late")
        self._renewed_at = requested_at
        self._end_block_at(requested_at + self._ttl_seconds - _margin(self._ttl_seconds))
        return True

    def _end_block_at(self, moment: float) -> None:
        """Move the end of the block, unless it has come: what is being stopped stays stopped."""
        if not self._scope.expired():
            self._scope.reschedule(moment)
