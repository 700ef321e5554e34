"""Durable progress: a row per project, read and written directly.

Nothing is kept in memory, so every instance shows the true percentage, even right after a restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import TypeAdapter, model_validator

from shared.database.client import call, read
from shared.errors import DatabaseUnavailable, InvalidRequest
from shared.jobs.fence import WRITE_OUTCOME, Fenced, fencing_params, raise_if_lost
from shared.jobs.records import JobKind, JobOutcome, JobStatus, Lease, ProjectStatus, Record

MAX_PERCENTAGE = 100


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a job is: 0 to 100, what it is doing, and the seconds that remain (None until known).

    Raises InvalidRequest for a percentage or remaining seconds out of range.
    """

    percentage: int
    current_step: str
    estimated_remaining: int | None = None

    def __post_init__(self) -> None:
        """Check the ranges of the progress table, so that a wrong value is a 422 and no fault of the database."""
        if not 0 <= self.percentage <= MAX_PERCENTAGE:
            raise InvalidRequest("The percentage of a progress is 0 to 100.")
        if self.estimated_remaining is not None and self.estimated_remaining < 0:
            raise InvalidRequest("The remaining seconds of a progress are 0 or more.")


class KeyProgress(Record):
    """The progress that the holder of a lease has written, for a project or any other key."""

    project_id: str
    percentage: int
    current_step: str
    estimated_remaining: int | None
    updated_at: datetime


class GenerationProgress(Record):
    """A project's progress, with the newest job, whose progress it is, and the lease that explains it.

    `percentage` is 100 if that job has completed, and only then; 0 without a job and after a cancel. `outcome` is None
    while the job is active.
    `stalled`: the running job's worker has missed two heartbeats, or its lease has expired, and no one has taken it
    over yet.
    """

    project_id: str
    status: ProjectStatus
    percentage: int
    current_step: str
    estimated_remaining: int | None
    updated_at: datetime
    stalled: bool
    outcome: JobOutcome | None
    job_id: UUID | None
    job_kind: JobKind | None
    job_status: JobStatus | None
    job_attempt: int | None
    job_error: dict[str, Any] | None
    lease_expires_at: datetime | None

    @model_validator(mode="after")
    def _job_is_whole(self) -> Self:
        job = (self.job_id, self.job_kind, self.job_status, self.job_attempt)
        if any(job) and None in job:
            raise ValueError("a job without its kind, status or attempt")
        return self


async def update_generation_progress(
    lease: Lease, progress: Progress | None, *, ttl_seconds: float
) -> None:
    """Write progress and renew the lease in one call; with None, only renew.

    Within one attempt the percentage never goes down. Raises LeaseLost (cancelled or lost; nothing was
    written), DatabaseUnavailable.
    """
    written: dict[str, Any] = (
        {}
        if progress is None
        else {
            "percentage": progress.percentage,
            "current_step": progress.current_step,
            "estimated_remaining": progress.estimated_remaining,
        }
    )
    heartbeat = await call(
        "heartbeat",
        Fenced,
        repeatable=True,
        **fencing_params(lease),
        ttl_seconds=ttl_seconds,
        **written,
    )
    raise_if_lost(lease, heartbeat.outcome)


async def get_generation_progress(
    project_id: str, owner_id: UUID | None
) -> GenerationProgress | None:
    """Read a project's progress; None if the owner has no such project. With `owner_id` None, any owner's is read.

    Raises DatabaseUnavailable.
    """
    rows = await call(
        "read_progress",
        list[GenerationProgress],
        repeatable=True,
        project_id=project_id,
        owner_id=owner_id and str(owner_id),
    )
    return rows[0] if rows else None


_PROGRESS_OF: TypeAdapter[list[GenerationProgress | None]] = TypeAdapter(
    list[GenerationProgress | None]
)


async def get_progress_of(
    wanted: Sequence[tuple[str, UUID | None, UUID | None]],
) -> list[GenerationProgress | None]:
    """Read the progress of several projects in one call; each is named by its id, its owner and a job.

    Owner and missing projects are as in `get_generation_progress`. If the job is not the project's newest, what is
    returned is about that job, which has ended. Raises DatabaseUnavailable.
    """
    project_ids, owner_ids, job_ids = zip(*wanted, strict=True)
    found = await call(
        "read_progress_of",
        _PROGRESS_OF,
        repeatable=True,
        project_ids=project_ids,
        owner_ids=[owner_id and str(owner_id) for owner_id in owner_ids],
        job_ids=[job_id and str(job_id) for job_id in job_ids],
    )
    if len(found) != len(wanted):
        raise DatabaseUnavailable
    return found


async def get_key_progress(key: str) -> KeyProgress | None:
    """Read the progress of a leased key; None if there is none.

    That of a key that is no project lasts as long as its lease. Raises DatabaseUnavailable.
    """
    rows = await read("generation_progress", list[KeyProgress], project_id=key)
    return rows[0] if rows else None


async def clear_generation_progress(lease: Lease) -> None:
    """Remove the project's progress row. Raises LeaseLost, DatabaseUnavailable."""
    raise_if_lost(lease, await call("clear_progress", WRITE_OUTCOME, **fencing_params(lease)))
