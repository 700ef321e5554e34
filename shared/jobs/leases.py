"""Lock leases: hold a project, or any other key, for a limited time.

    lease = await acquire_lease("project-1", holder="nightly-export", ttl_seconds=60)
    if isinstance(lease, Busy): ...
    async with keep_lease(lease, ttl_seconds=60):
        ...  # cancelled, and LeaseLost raised, before anyone else can acquire the lease

    time      t0 request    t1 granted                     t0+TTL-margin   t1'+TTL expires in the database
    holder    |-------------|======= works =================| stopped
    others                  |---------------- 409 -------------------------|==== may take over

The holder counts the time to live from *before* it sent the request, on its own monotonic clock. The database counts
from a later moment, on its own clock. Both clocks only measure durations, so the holder stops first even if the hosts'
clocks disagree.
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
from shared.jobs.records import Lease, Record
from shared.observability.telemetry import meter

logger = logging.getLogger(__name__)

_late_heartbeats = meter.create_counter("editai.heartbeats.late")

RETRY_SECONDS = 1.0
"""How long to wait before a renewal that got no response is retried."""

LATE_FRACTION = 0.5
"""A renewal is late when more than this fraction of the time to live has passed since the previous one."""

FIRST_WAIT_SECONDS = 0.2
MAX_WAIT_SECONDS = 2.0
WAIT_GROWTH = 1.5
"""Backoff between attempts to acquire a busy key: the longer a caller waits, the less often it retries."""


@dataclass(frozen=True, kw_only=True)
class Busy:
    """Someone else holds the key. This is an expected outcome, not an error."""

    lease: Lease


class _Acquired(Record):
    granted: bool
    lease: Lease


class _Renewal(Record):
    renewed: bool


async def acquire_lease(
    project_id: str, *, holder: str, ttl_seconds: float, wait_seconds: float = 0
) -> Lease | Busy:
    """Acquire the lease of a key, waiting up to `wait_seconds` while someone else holds it.

    Retries once when no response came. That is safe: the same lease id gets the same grant. Raises DatabaseUnavailable.
    """
    lease_id, now = uuid4(), asyncio.get_running_loop().time
    deadline = now() + wait_seconds
    steps = wait_steps()
    while True:
        requested_at = now()
        acquired = await call_idempotent(
            "acquire_lease",
            _Acquired,
            project_id=project_id,
            lease_id=str(lease_id),
            holder=holder,
            ttl_seconds=ttl_seconds,
        )
        if acquired.granted:
            return acquired.lease.model_copy(update={"requested_at": requested_at})
        if not await wait_before(deadline, steps):
            return Busy(lease=acquired.lease)


def wait_steps() -> Generator[float]:
    """Seconds to wait before each retry. Half of a step is random, so that waiting callers do not retry at once."""
    longest = FIRST_WAIT_SECONDS
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
        longest = min(longest * WAIT_GROWTH, MAX_WAIT_SECONDS)


async def wait_before(deadline: float, steps: Iterator[float]) -> bool:
    """Sleep for the next wait step; return False at once when `deadline` (loop time) has passed."""
    remaining = deadline - asyncio.get_running_loop().time()
    if remaining <= 0:
        return False
    await asyncio.sleep(min(remaining, next(steps)))
    return True


async def renew_lease(lease: Lease, *, ttl_seconds: float) -> None:
    """Extend the lease to `ttl_seconds` from now. Raises LeaseLost, DatabaseUnavailable."""
    renewal = await call(
        "renew_lease",
        _Renewal,
        repeatable=True,
        project_id=lease.project_id,
        lease_id=str(lease.lease_id),
        fencing_token=lease.fencing_token,
        ttl_seconds=ttl_seconds,
    )
    if not renewal.renewed:
        raise LeaseLost(lease.project_id)


async def release_lease(lease: Lease) -> bool:
    """Release a lease; return False if the caller no longer held it. Raises DatabaseUnavailable."""
    return await call(
        "release_lease",
        bool,
        project_id=lease.project_id,
        lease_id=str(lease.lease_id),
        fencing_token=lease.fencing_token,
    )


Renew = Callable[[], Awaitable[None]]
"""Renews a lease once; raises LeaseLost when it can no longer be renewed."""


@asynccontextmanager
async def keep_lease(
    lease: Lease, *, ttl_seconds: float, renew: Renew | None = None
) -> AsyncGenerator["LeaseKeeper"]:
    """Renew a lease that this process requested while the block runs; cancel the block when the lease is lost.

    The time to live counts from before the request, however long ago that was. `renew` replaces the plain renewal (a
    job's renewal also writes progress). The lease is not released at the end: the write that ends the work does that.
    Raises LeaseLost after the block has stopped and before anyone else can acquire the lease. Raises ValueError for a
    lease without `requested_at`, because its local deadline is unknown.
    """
    if lease.requested_at is None:
        raise ValueError("only the process that requested a lease can keep it")

    async def renew_plainly() -> None:
        await renew_lease(lease, ttl_seconds=ttl_seconds)

    scope = asyncio.timeout_at(
        lease.requested_at + ttl_seconds - _local_deadline_safety_margin(ttl_seconds)
    )
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


def _local_deadline_safety_margin(ttl_seconds: float) -> float:
    """How long before the lease expires the work is stopped: enough to kill a process group and reap it."""
    return min(5.0, ttl_seconds / 4)


class LeaseKeeper:
    """Renews a lease every third of its time to live, or sooner on request, but at most once a second.

    The block is trusted to run until a local deadline on the monotonic clock: the lease's expiry less a safety margin.
    A renewal extends the deadline, and a loss moves it to now. The deadline is the timeout of `scope`.
    """

    def __init__(
        self, lease: Lease, *, ttl_seconds: float, renew: Renew, scope: asyncio.Timeout
    ) -> None:
        self.lease = lease
        self.loss: LeaseLost | None = None
        self._ttl_seconds = ttl_seconds
        self._renew = renew
        self._scope = scope
        self._renewal_requested = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._stopped = False
        self._renewed_at = 0.0

    def renew_soon(self) -> None:
        """Request a renewal before the next one is due, because there is new progress to send with it."""
        self._renewal_requested.set()

    async def stop_renewing(self) -> None:
        """Stop renewing; once this returns, no renewal is in flight. Call it before the write that releases the lease.

        A later renewal would find no lease and report finished work as lost. The block still ends before the lease
        expires.
        """
        async with self._renewing:
            self._stopped = True

    async def run(self) -> None:
        """Renew until this task is cancelled, the lease is lost, or renewing is stopped."""
        pause = min(1.0, self._ttl_seconds / 6)
        self._renewed_at = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._ttl_seconds / 3 - pause):
                    await self._renewal_requested.wait()
            self._renewal_requested.clear()
            async with self._renewing:
                if self._stopped or not await self._renew_once():
                    return

    async def _renew_once(self) -> bool:
        """Try to renew once; return False when the lease is lost."""
        now = asyncio.get_running_loop().time
        requested_at = now()
        try:
            await self._renew()
        except LeaseLost as loss:
            self.loss = loss
            self._set_local_deadline(now())
            return False
        except EditAIError:
            # Whatever is wrong with the database, the lease is valid until it expires.
            logger.warning("renewal of %s got no response; retrying", self.lease.project_id)
            self._renewal_requested.set()
            return True
        if now() - self._renewed_at > self._ttl_seconds * LATE_FRACTION:
            _late_heartbeats.add(1)
        self._renewed_at = requested_at
        self._set_local_deadline(
            requested_at + self._ttl_seconds - _local_deadline_safety_margin(self._ttl_seconds)
        )
        return True

    def _set_local_deadline(self, deadline: float) -> None:
        """Move the block's deadline, unless it has passed: a block that is being stopped stays stopped."""
        if not self._scope.expired():
            self._scope.reschedule(deadline)
