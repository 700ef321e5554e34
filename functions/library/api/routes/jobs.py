"""Jobs: list them, newest first, and read one. A job is started in a project; see generate, segments and render."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.http.pagination import Paging
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import JOB_ID, PROJECT_ID, PROJECT_ID_PATTERN, checked_uuid
from api.openapi.responses import problems
from api.routes.projects import owner
from shared.answers import rows_of
from shared.api_models import JobResponse, Page
from shared.database.client import call
from shared.errors import JobNotFound
from shared.jobs.records import KIND_PATTERN, Job, JobStatus, ListedRow

JOBS = rows_of(Job, ListedRow)

router = APIRouter(
    prefix="/jobs", tags=["jobs"], route_class=AuthenticatedRoute, dependencies=[bearer]
)


async def _job_id(
    job_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[JOB_ID])],
) -> str:
    try:
        return checked_uuid(job_id)
    except ValueError:
        raise JobNotFound from None


JobId = Annotated[str, Depends(_job_id)]
OfProject = Annotated[
    str | None,
    Query(
        pattern=PROJECT_ID_PATTERN,
        description="Only the jobs of this project; none if there is no such project.",
        examples=[PROJECT_ID],
    ),
]
OfStatus = Annotated[JobStatus | None, Query(description="Only jobs with this status.")]
OfKind = Annotated[
    str | None,
    Query(
        pattern=KIND_PATTERN,
        description="Only jobs of this kind: `raw_clips`, `segment_clips`, `final_render`, or one of your own.",
        examples=["raw_clips"],
    ),
]


@router.get("", responses=problems())
async def list_jobs(
    caller: CurrentCaller,
    paging: Paging,
    project_id: OfProject = None,
    status: OfStatus = None,
    kind: OfKind = None,
) -> Page[JobResponse]:
    """List your jobs, newest first: of all projects or of one, by status and kind. With the service key, of every user.

    A job is removed some time after its end, by default after 90 days.
    """
    rows = await call(
        "list_jobs",
        JOBS,
        repeatable=True,
        owner_id=owner(caller),
        project_id=project_id,
        status=status,
        kind=kind,
        **paging.arguments(id_type=checked_uuid),
    )
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(map(JobResponse.model_validate, page)), next_cursor=next_cursor)


@router.get("/{job_id}", responses=problems(JobNotFound))
async def read_job(job_id: JobId, caller: CurrentCaller) -> JobResponse:
    """Read a job: its status, attempts, and its result or error."""
    rows = await call(
        "list_jobs", JOBS, repeatable=True, owner_id=owner(caller), limit=1, job_id=job_id
    )
    if not rows:
        raise JobNotFound
    return JobResponse.model_validate(rows[0])
