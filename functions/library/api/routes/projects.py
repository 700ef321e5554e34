"""Projects: create, list, read, rename and delete them, and cancel a project's active job."""

import re
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import TypeAdapter

from api.http.pagination import Paging
from api.http.problems import invalid_parts
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import PROJECT_ID, PROJECT_ID_PATTERN, ProjectCreate, ProjectUpdate
from api.openapi.responses import BODY, header, problems
from api.settings import get_library_settings
from shared.answers import rows_of
from shared.api_models import CancellationResponse, JobResponse, Page, ProjectResponse
from shared.auth.users import Caller
from shared.database.client import QueryFailed, call, read
from shared.errors import (
    Forbidden,
    LimitReached,
    NotFound,
    ProjectBusy,
    ProjectExists,
    ProjectNotFound,
)
from shared.jobs.lifecycle import cancel_job
from shared.jobs.limits import limit_reached
from shared.jobs.records import Job, Lease, ListedRow, Possibly, Project, Record
from shared.jobs.start_refusals import busy
from shared.webhooks.sending import deliver_soon

UNIQUE_VIOLATION = "23505"

_CREATED: TypeAdapter[Project | None] = TypeAdapter(Possibly[Project])
PROJECTS = rows_of(Project, ListedRow)

router = APIRouter(
    prefix="/projects", tags=["projects"], route_class=AuthenticatedRoute, dependencies=[bearer]
)


def checked_id(project_id: str) -> str:
    """Return the project id. Raises ValueError if it is malformed."""
    if not re.fullmatch(PROJECT_ID_PATTERN, project_id):
        raise ValueError("not the id of a project")
    return project_id


async def _project_id(
    project_id: Annotated[
        str, Path(examples=[PROJECT_ID], json_schema_extra={"pattern": PROJECT_ID_PATTERN})
    ],
) -> str:
    try:
        return checked_id(project_id)
    except ValueError:
        raise ProjectNotFound from None


ProjectId = Annotated[str, Depends(_project_id)]


async def get_project(project_id: str, caller: Caller) -> Project:
    """The caller's project with this id. Raises ProjectNotFound, also for another user's project."""
    owner_filter = {} if caller.owner_id is None else {"owner_id": str(caller.owner_id)}
    rows = await read("projects", list[Project], id=project_id, **owner_filter)
    if not rows:
        raise ProjectNotFound
    return rows[0]


def owner(caller: Caller) -> str | None:
    """The `p_owner_id` of the SQL functions; None means the service, which may access every project."""
    return None if caller.owner_id is None else str(caller.owner_id)


@router.post(
    "",
    status_code=201,
    responses={
        201: {"headers": header("Location", "The URL of the project.", required=True)},
        **problems(ProjectExists, LimitReached, *BODY),
    },
)
async def create_project(
    body: ProjectCreate, caller: CurrentCaller, response: Response
) -> ProjectResponse:
    """Create a project."""
    maximum = get_library_settings().max_projects_per_user
    try:
        row = await call(
            "create_project",
            _CREATED,
            expected_refusals=(UNIQUE_VIOLATION,),
            owner_id=str(_new_owner(body, caller)),
            name=body.name,
            project_id=body.id,
            max_projects=None if caller.is_service else maximum,
        )
    except QueryFailed as error:
        if error.sqlstate == UNIQUE_VIOLATION:
            raise ProjectExists from None
        raise
    if row is None:
        raise limit_reached("project", maximum)
    response.headers["Location"] = f"{get_library_settings().public_url}/projects/{row.id}"
    return ProjectResponse.model_validate(row)


def _new_owner(body: ProjectCreate, caller: Caller) -> UUID:
    """The owner of a new project: the calling user, or the user named by a request with the service key."""
    if caller.owner_id is None:
        if body.owner_id is None:
            raise invalid_parts(("body.owner_id", "Field required with the service key"))
        return body.owner_id
    if body.id is not None or body.owner_id is not None:
        raise Forbidden("Only the service key may choose a project's id or owner.")
    return caller.owner_id


@router.get("", responses=problems())
async def list_projects(caller: CurrentCaller, paging: Paging) -> Page[ProjectResponse]:
    """List projects, newest first."""
    rows = await call(
        "list_projects",
        PROJECTS,
        repeatable=True,
        owner_id=owner(caller),
        **paging.arguments(id_type=checked_id),
    )
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(map(ProjectResponse.model_validate, page)), next_cursor=next_cursor)


@router.get("/{project_id}", responses=problems(ProjectNotFound))
async def read_project(project_id: ProjectId, caller: CurrentCaller) -> ProjectResponse:
    """Read a project."""
    return ProjectResponse.model_validate(await get_project(project_id, caller))


@router.patch("/{project_id}", responses=problems(ProjectNotFound, *BODY))
async def update_project(
    project_id: ProjectId, body: ProjectUpdate, caller: CurrentCaller
) -> ProjectResponse:
    """Rename a project."""
    rows = await call(
        "update_project",
        list[Project],
        repeatable=True,
        project_id=project_id,
        owner_id=owner(caller),
        name=body.name,
    )
    if not rows:
        raise ProjectNotFound
    return ProjectResponse.model_validate(rows[0])


@router.delete(
    "/{project_id}",
    status_code=204,
    response_model=None,
    responses=problems(ProjectNotFound, ProjectBusy),
)
async def delete_project(project_id: ProjectId, caller: CurrentCaller) -> Response:
    """Delete a project with its sources, clips and files. While a job is active this gets 409; cancel the job first."""
    result = await call("delete_project", Deletion, project_id=project_id, owner_id=owner(caller))
    return deletion_response(result, not_found=ProjectNotFound)


DeletionOutcome = Literal[
    "deleted",
    "busy",
    "project_not_found",
    "source_not_found",
    "clip_not_found",
    "export_not_found",
]


class Deletion(Record):
    """The outcome of a deletion. When busy, `lease` holds the project, for `job` if that is not None."""

    outcome: DeletionOutcome
    job: Possibly[Job] = None
    lease: Possibly[Lease] = None


def deletion_response(result: Deletion, *, not_found: type[NotFound]) -> Response:
    """The response to a deletion, by its outcome. Raises ProjectBusy, or `not_found`."""
    match result.outcome:
        case "deleted":
            return Response(status_code=204)
        case "busy":
            raise busy(result.job, result.lease)
        case _:
            raise not_found


@router.post("/{project_id}/cancel", responses=problems(ProjectNotFound))
async def cancel(project_id: ProjectId, caller: CurrentCaller) -> CancellationResponse:
    """Cancel the active job of a project. Its progress and lease are removed at once; finished clips stay."""
    cancelled = await cancel_job(project_id, caller.owner_id)
    if cancelled.outcome == "project_not_found":
        raise ProjectNotFound
    if cancelled.job:
        deliver_soon(cancelled.job.id)
    job = cancelled.job and JobResponse.model_validate(cancelled.job)
    return CancellationResponse(outcome=cancelled.outcome, job=job)
