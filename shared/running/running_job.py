"""A running job: what its recipe knows, and the writes that every recipe shares."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from shared.errors import DatabaseUnavailable
from shared.jobs.lifecycle import finish_job, record_checkpoint
from shared.jobs.records import Clip, Job, Lease, Source
from shared.running.reporting import Reporter
from shared.storage.factory import get_storage
from shared.storage.interface import Storage

Result = TypeVar("Result")

RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class RunningJob:
    """A claimed job with everything its recipe needs. `directory` is the attempt's own, and is removed after it.

    `sources` are those of the project. `clips` are the checkpoints that earlier attempts recorded as clips.
    """

    job: Job
    lease: Lease
    sources: tuple[Source, ...]
    clips: tuple[Clip, ...]
    directory: Path
    reporter: Reporter

    @property
    def storage(self) -> Storage:
        """Where the project's files are."""
        return get_storage()

    @property
    def checkpoint(self) -> dict[str, Any] | None:
        """The state that an earlier attempt saved last; None if none did."""
        return self.job.checkpoint

    def output_path(self, name: str) -> str:
        """The storage path of an output. The fencing token is part of it, because storage cannot fence by itself."""
        return f"{self.job.project_id}/jobs/{self.job.id}/{self.lease.fencing_token}/{name}"

    def report(self, fraction: float, current_step: str) -> None:
        """Report which fraction of the job is done (0..1). It is sent once a second at most, and never blocks."""
        self.reporter.report(fraction, current_step)

    async def save(self, state: dict[str, Any]) -> None:
        """Save a checkpoint, after which the next attempt continues, with the progress reported so far.

        `state` is JSON of at most 64 KB; larger things are files in storage, which it names. Raises LeaseLost.
        """
        percentage = self.reporter.percentage
        await retry_until_available(
            lambda: record_checkpoint(self.lease, state, percentage=percentage)
        )

    async def finish(self, status: Literal["completed", "failed"], **outcome: Any) -> None:
        """End the job, which releases its lease. Raises LeaseLost."""
        if keeper := self.reporter.keeper:
            await keeper.stop_renewing()
        await retry_until_available(lambda: finish_job(self.lease, status, **outcome))


async def retry_until_available(write: Callable[[], Awaitable[Result]]) -> Result:
    """Retry an idempotent write until the database responds. When the lease is lost, its keeper ends the retries."""
    # Not stamina: each of its limits (attempts, timeout, jitter) would be switched off.
    while True:
        try:
            return await write()
        except DatabaseUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
