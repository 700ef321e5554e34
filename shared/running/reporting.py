"""Collects a job's progress and sends it to the database with the lease renewals."""

import asyncio
import logging

from shared.jobs.leases import LeaseKeeper
from shared.jobs.progress import Progress, update_generation_progress
from shared.jobs.records import Lease

logger = logging.getLogger(__name__)

ESTIMATE_AFTER_SECONDS = 2.0
ESTIMATE_AFTER_FRACTION = 0.02
"""Below either there is no estimate of the remaining time, because it would be a guess."""


class Reporter:
    """Holds the newest progress until the lease keeper sends it with its next renewal, at most once a second.

    Reporting never blocks and never fails: a late or lost progress write does not affect the job.
    """

    def __init__(self, lease: Lease, *, ttl_seconds: float) -> None:
        self.keeper: LeaseKeeper | None = None
        self.lease = lease
        self._ttl_seconds = ttl_seconds
        self._progress: Progress | None = None
        self._started: tuple[float, float] | None = None
        self._step_started_at = 0.0

    @property
    def percentage(self) -> int | None:
        """The newest percentage that was reported; None before the first."""
        return self._progress and self._progress.percentage

    def report(self, fraction: float, current_step: str) -> None:
        """Report which fraction of the whole job is done (0..1) and its current step.

        Only the write that ends the job sets 100 percent.
        """
        now = asyncio.get_running_loop().time()
        self._started = self._started or (now, fraction)
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
        """Log each step once, when it starts, with the duration of the step before."""
        if self._progress is not None and self._progress.current_step == progress.current_step:
            return
        seconds, self._step_started_at = round(now - self._step_started_at, 3), now
        extra: dict[str, object] = {"percentage": progress.percentage}
        if self._progress is not None:
            extra |= {"previous_step": self._progress.current_step, "duration_seconds": seconds}
        logger.info("step: %s", progress.current_step, extra=extra)

    def log_end(self) -> None:
        """Log the duration of the last step, since no step follows that would log it."""
        if self._progress is None:
            return
        seconds = round(asyncio.get_running_loop().time() - self._step_started_at, 3)
        step = self._progress.current_step
        extra = {"previous_step": step, "duration_seconds": seconds}
        logger.info("the last step ended: %s", step, extra=extra)

    def _remaining_seconds(self, now: float, fraction: float) -> int | None:
        """The remaining time at the average speed of this attempt so far."""
        started_at, started_fraction = self._started or (now, fraction)
        elapsed, done = now - started_at, fraction - started_fraction
        if elapsed < ESTIMATE_AFTER_SECONDS or done < ESTIMATE_AFTER_FRACTION:
            return None
        return round(elapsed * (1 - fraction) / done)

    async def send(self) -> None:
        """Renew the lease and write the newest progress in one call. Raises LeaseLost, DatabaseUnavailable."""
        await update_generation_progress(self.lease, self._progress, ttl_seconds=self._ttl_seconds)
