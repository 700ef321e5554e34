"""A job's progress on its way to the database."""

import asyncio
import logging

from shared.jobs.leases import LeaseKeeper
from shared.jobs.progress import Progress, update_generation_progress
from shared.jobs.records import Lease

logger = logging.getLogger(__name__)

KNOWN_AFTER_SECONDS = 2.0
KNOWN_AFTER_FRACTION = 0.02
"""An estimate from less than this would be a guess, so there is none."""


class Reporter:
    """Holds the newest progress until the lease keeper sends it with its next renewal, at most once a second.

    Reporting never waits and never fails: a late or lost progress write does not touch the job.
    """

    def __init__(self, lease: Lease, *, ttl_seconds: float) -> None:
        self.keeper: LeaseKeeper | None = None
        self._lease = lease
        self._ttl_seconds = ttl_seconds
        self._progress: Progress | None = None
        self._first: tuple[float, float] | None = None
        self._step_began = 0.0

    def report(self, fraction: float, current_step: str) -> None:
        """Say how much of the whole job is done, 0 to 1, and what it is doing.

        100 percent is left to the write that ends the job.
        """
        now = asyncio.get_running_loop().time()
        self._first = self._first or (now, fraction)
        progress = Progress(
            percentage=min(99, int(fraction * 100)),
            current_step=current_step,
            estimated_remaining=self._remaining_seconds(now, fraction),
        )
        if progress != self._progress:
            self._log_step(progress, now)
            self._progress = progress
            if self.keeper is not None:
                self.keeper.renew_soon()

    def _log_step(self, progress: Progress, now: float) -> None:
        """Log a step when it begins, with how long the one before it took."""
        if self._progress is not None and self._progress.current_step == progress.current_step:
            return
        seconds, self._step_began = round(now - self._step_began, 3), now
        extra: dict[str, object] = {"percentage": progress.percentage}
        if self._progress is not None:
            extra |= {"previous_step": self._progress.current_step, "duration_seconds": seconds}
        logger.info("step: %s", progress.current_step, extra=extra)

    def log_end(self) -> None:
        """Log how long the last step took: no other one begins after it."""
        if self._progress is None:
            return
        seconds = round(asyncio.get_running_loop().time() - self._step_began, 3)
        step = self._progress.current_step
        extra = {"previous_step": step, "duration_seconds": seconds}
        logger.info("the last step ended: %s", step, extra=extra)

    def _remaining_seconds(self, now: float, fraction: float) -> int | None:
        """What remains at the speed of this attempt so far."""
        started_at, started_with = self._first or (now, fraction)
        elapsed, done = now - started_at, fraction - started_with
        if elapsed < KNOWN_AFTER_SECONDS or done < KNOWN_AFTER_FRACTION:
            return None
        return round(elapsed * (1 - fraction) / done)

    async def send(self) -> None:
        """Renew the lease, and write the newest progress with it. Raises LeaseLost, DatabaseUnavailable."""
        await update_generation_progress(self._lease, self._progress, ttl_seconds=self._ttl_seconds)
