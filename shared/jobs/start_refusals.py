"""Why a job was not started, as the error that its caller gets."""

import logging
from collections.abc import Mapping
from uuid import UUID

from shared.errors import (
    EditAIError,
    IdempotencyKeyReused,
    ProjectBusy,
    ProjectNotFound,
    SourceNotFound,
    TooManyJobs,
)
from shared.jobs.lifecycle import JobStart
from shared.jobs.limits import limit_reached
from shared.jobs.records import Job, Lease
from shared.observability.logs import log_fields
from shared.observability.telemetry import meter
from shared.settings import Settings

logger = logging.getLogger(__name__)

_conflicts = meter.create_counter("editai.conflicts")

RETRY_AFTER_SECONDS = 5
"""Only a hint, because the end of a job is unknown. `Prefer: wait` starts the job as soon as possible."""


def start_refusal(
    start: JobStart, settings: Settings, *, headers: Mapping[str, str] | None = None
) -> EditAIError:
    """The error for a start that was refused."""
    match start.outcome:
        case "busy":
            return busy(start.job, start.lease, headers=headers)
        case "too_many_jobs":
            return _too_many_jobs(settings.max_active_jobs_per_user, headers=headers or {})
        case "too_many_starts" | "too_many_probes" if rate := start.rate:
            return limit_reached(
                rate.action, rate.maximum, wait_seconds=rate.wait_seconds, headers=headers
            )
        case "key_reused":
            return IdempotencyKeyReused()
        case "source_not_found":
            return SourceNotFound()
        case "project_not_found":
            return ProjectNotFound()
        case outcome:
            raise RuntimeError(f"unexpected outcome of a job start: {outcome}")


def busy(
    job: Job | None, lease: Lease | None, *, headers: Mapping[str, str] | None = None
) -> ProjectBusy:
    """The 409 for a project whose lease is held, with the holding job and the lease's expiry. Counts the conflict."""
    _conflicts.add(1, {"editai.holder": job.kind if job else "none"})
    return ProjectBusy(
        headers={"Retry-After": str(RETRY_AFTER_SECONDS), **(headers or {})},
        lease_expires_at=lease and lease.model_dump(mode="json")["expires_at"],
        job=job and {"id": str(job.id), "kind": job.kind},
    )


def _too_many_jobs(limit: int, *, headers: Mapping[str, str]) -> TooManyJobs:
    """The 429 for a user at the limit of active jobs."""
    return TooManyJobs(
        f"You already have {limit} active {'job' if limit == 1 else 'jobs'}, the maximum. "
        "Wait until one ends, or cancel one.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS), **headers},
        max_active_jobs=limit,
    )


def log_superseded(project_id: str, job_id: UUID | None) -> None:
    """Log a job that ended because another one started. It ended outside any attempt, so no worker logs it."""
    if job_id is None:
        return
    with log_fields(project_id=project_id, job_id=str(job_id)):
        logger.warning("the job failed: superseded", extra={"code": "superseded"})
