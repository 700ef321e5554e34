"""Reads what operators see, from the views editai_ops_*."""

import asyncio
from uuid import UUID

from shared.database.client import read, read_first
from shared.ops.records import (
    CleanupRun,
    Drain,
    JobEvent,
    JobStory,
    OpsJob,
    OpsLease,
    OpsQueue,
    Overview,
)

ACTIVE = ("queued", "running")
MAX_ROWS = 500


async def read_jobs(*, limit: int = 20, **filters: str) -> tuple[OpsJob, ...]:
    """The newest jobs, at most `limit`; `filters` are columns of the view, such as status or project_id."""
    rows = await read_first("ops_jobs", limit, order="-row_number", **filters)
    return tuple(map(OpsJob.model_validate, rows))


async def read_overview() -> Overview:
    """All that is active, at most MAX_ROWS jobs and leases, the longest held first."""
    jobs, leases, queue, cleanup, drains = await asyncio.gather(
        read_first("ops_jobs", MAX_ROWS, order="row_number", status=ACTIVE),
        read_first("ops_leases", MAX_ROWS, order="acquired_at"),
        read("ops_queue", order="kind"),
        read("ops_cleanup", order="runner"),
        read("drains", order="since"),
    )
    return Overview(
        jobs=tuple(map(OpsJob.model_validate, jobs)),
        leases=tuple(map(OpsLease.model_validate, leases)),
        queue=tuple(map(OpsQueue.model_validate, queue)),
        cleanup=tuple(map(CleanupRun.model_validate, cleanup)),
        drains=tuple(map(Drain.model_validate, drains)),
    )


async def read_story(job_or_project: str) -> JobStory | None:
    """The story of a job, or of a project's newest one; None if there is neither."""
    column = "id" if _is_uuid(job_or_project) else "project_id"
    jobs = await read_jobs(limit=1, **{column: job_or_project})
    if not jobs and column == "id":  # a project's id may look like a job's
        jobs = await read_jobs(limit=1, project_id=job_or_project)
    if not jobs:
        return None
    job = jobs[0]
    events = await read_first("job_events", MAX_ROWS, order="row_number", job_id=str(job.id))
    return JobStory(
        job=job,
        events=tuple(map(JobEvent.model_validate, events)),
        log_query=f'jsonPayload.job_id="{job.id}"',
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
