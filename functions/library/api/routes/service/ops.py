"""What operators read, for a page: with the service role key only, and not part of the public document."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.security import OperatorRoute
from shared.errors import NotFound
from shared.jobs.records import JobStatus
from shared.ops import diagnosis, reading
from shared.ops.records import Finding, JobStory, OpsJob, Overview

router = APIRouter(prefix="/ops", route_class=OperatorRoute, include_in_schema=False)


class CheckedOverview(Overview):
    """All that is active, and what is wrong with it."""

    findings: tuple[Finding, ...]


@router.get("/overview")
async def overview() -> CheckedOverview:
    """All that is active, and what is wrong with it."""
    read = await reading.read_overview()
    return CheckedOverview(**dict(read), findings=diagnosis.check_all(read))


@router.get("/jobs")
async def jobs(
    status: JobStatus | None = None,
    kind: str | None = None,
    project_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[OpsJob]:
    """The newest jobs of all users."""
    chosen = {"status": status, "kind": kind, "project_id": project_id}
    filters = {name: value for name, value in chosen.items() if value is not None}
    return list(await reading.read_jobs(limit=limit, **filters))


@router.get("/jobs/{job_or_project}")
async def job(job_or_project: str) -> JobStory:
    """One job's whole story, or that of a project's newest job."""
    story = await reading.read_story(job_or_project)
    if story is None:
        raise NotFound
    findings = diagnosis.explain(story, await reading.read_overview())
    return story.model_copy(update={"findings": findings})
