"""Progress: read from the database on every request, and sent only if it has changed."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Response

from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.openapi.responses import header, problems
from api.routes.projects import ProjectId
from shared.api_models import ProgressJob, ProgressResponse
from shared.errors import ProjectNotFound
from shared.jobs.progress import GenerationProgress, get_generation_progress

POLL_SECONDS = 1
"""A worker writes progress at most once a second."""

ACTIVE = ("queued", "running")

router = APIRouter(
    prefix="/projects", tags=["jobs"], route_class=AuthenticatedRoute, dependencies=[bearer]
)

IfNoneMatch = Annotated[
    str | None,
    Header(description="The ETag of your last response. If nothing has changed, you get 304."),
]


@router.get(
    "/{project_id}/progress",
    response_model=ProgressResponse,
    responses={
        200: {
            "headers": {
                **header("ETag", "Changes whenever the progress changes.", required=True),
                **header(
                    "Retry-After", "Seconds until the next poll, while a job is active.", "integer"
                ),
            }
        },
        304: {
            "description": "The progress has not changed.",
            "headers": header("ETag", "The ETag that you sent.", required=True),
        },
        **problems(ProjectNotFound),
    },
)
async def read_progress(
    project_id: ProjectId, caller: CurrentCaller, if_none_match: IfNoneMatch = None
) -> Response:
    """Read the progress of a project. Poll with `If-None-Match` and wait `Retry-After` seconds between requests."""
    progress = await get_generation_progress(project_id, caller.owner_id)
    if progress is None:
        raise ProjectNotFound
    body = _response_body(progress).model_dump_json().encode()
    etag = f'W/"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if progress.job_status in ACTIVE:
        headers["Retry-After"] = str(POLL_SECONDS)
    if _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _response_body(progress: GenerationProgress) -> ProgressResponse:
    """The response body, without the lease's expiry: every renewal changes that although there is no progress."""
    facts = progress.model_dump()
    job = progress.job_id and ProgressJob.model_validate(
        {name: facts[f"job_{name}"] for name in ProgressJob.model_fields}
    )
    return ProgressResponse.model_validate(facts | {"job": job})


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Compare ETags weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    known_tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known_tags or etag.removeprefix("W/") in known_tags
