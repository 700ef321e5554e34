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
    rows = await read_first("ops_jobs", list[OpsJob], limit, order="-row_number", **filters)
    return tuple(rows)


async def read_overview() -> Overview:
    """All that is active, at most MAX_ROWS jobs and leases, the longest held first."""
    jobs, leases, queue, cleanup, drains = await asyncio.gather(
        read_first("ops_jobs", list[OpsJob], MAX_ROWS, order="row_number", status=ACTIVE),
        read_first("ops_leases", list[OpsLease], MAX_ROWS, order="acquired_at"),
        read("ops_queue", list[OpsQueue], order="kind"),
        read("ops_cleanup", list[CleanupRun], order="runner"),
        read("drains", list[Drain], order="since"),
    )
    return Overview(
        jobs=tuple(jobs),
        leases=tuple(leases),
        queue=tuple(queue),
        cleanup=tuple(cleanup),
        drains=tuple(drains),
    )


async def read_story(job_or_project: str) -> JobStory | None:
    """The story of a job, or of a project's newest one; None if there is neither."""
    column = "id" if _is_uuid(job_or_project) else "project_id"
    jobs = await read_jobs(limit=1, **{column: job_or_project})
    if not jobs and column == "id":  # a project's id may look like a job's
        jobs = await read_jobs(limit=1, project_id=job_or_project)
    if not jobs:
        return None
    job, wanted = jobs[0], {"job_id": str(jobs[0].id)}
    events = await read_first("job_events", list[JobEvent], MAX_ROWS, order="row_number", **wanted)
    log_query = f'jsonPayload.job_id="{job.id}"'
    return JobStory(job=job, events=tuple(events), log_query=log_query)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
