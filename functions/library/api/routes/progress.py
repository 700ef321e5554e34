"""Progress: read from the database on every request, and sent only if it has changed."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api.events.following import EVENTS, follow, wants_events
from api.events.snapshot import Snapshot
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.openapi.responses import header, problems
from api.routes.projects import ProjectId
from shared.api_models import ProgressResponse
from shared.errors import ProjectNotFound, TooManyStreams
from shared.jobs.progress import get_generation_progress

POLL_SECONDS = 1
"""A worker writes progress at most once a second."""

EXAMPLE_EVENTS = """\
retry: 2140

event: progress
data: {"project_id": "…", "status": "generating", "percentage": 42, "job": {"status": "running", …}, …}
id: 0b8f1f3e-52a4-4b6c-9df8-6f2f1c7c9a34/5d1f0c

: still here

event: end
data: {"project_id": "…", "status": "ready_for_triage", "percentage": 100, "job": {"status": "completed", …}, …}
id: 0b8f1f3e-52a4-4b6c-9df8-6f2f1c7c9a34/end

"""

router = APIRouter(
    prefix="/projects", tags=["jobs"], route_class=AuthenticatedRoute, dependencies=[bearer]
)

IfNoneMatch = Annotated[
    str | None,
    Header(description="The ETag of your last response. If nothing has changed, you get 304."),
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="Only for events: the id of the last event that you got. The stream follows the job of that "
        "event, even if the project has a newer one. Any other text is ignored.",
    ),
]


@router.get(
    "/{project_id}/progress",
    response_model=ProgressResponse,
    responses={
        200: {
            "content": {EVENTS: {"schema": {"type": "string"}, "example": EXAMPLE_EVENTS}},
            "headers": {
                **header("ETag", "Changes whenever the progress changes. Events have ids instead."),
                **header(
                    "Retry-After", "Seconds until the next poll, while a job is active.", "integer"
                ),
            },
        },
        204: {
            "description": "Only for events: `Last-Event-ID` is that of a job's end, and the project has no newer job."
        },
        304: {
            "description": "The progress has not changed.",
            "headers": header("ETag", "The ETag that you sent.", required=True),
        },
        **problems(ProjectNotFound, TooManyStreams),
    },
)
async def read_progress(
    request: Request,
    project_id: ProjectId,
    caller: CurrentCaller,
    if_none_match: IfNoneMatch = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Read the progress of a project.

    Poll with `If-None-Match` and wait `Retry-After` seconds between requests. Or send `Accept: text/event-stream` to
    get each change as an event `progress`, until an event `end` with the job's last state; both have the JSON of this
    response as their data. A stream may end earlier: after some minutes, when the server restarts, or when the token
    has expired. Then send the id of the last event as `Last-Event-ID` to go on without missing the end.
    """
    if wants_events(request):
        return await follow(request, project_id, caller, last_event_id)
    progress = await get_generation_progress(project_id, caller.owner_id)
    if progress is None:
        raise ProjectNotFound
    snapshot = Snapshot.of(progress)
    etag = f'W/"{snapshot.digest}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept"}
    if snapshot.is_active:
        headers["Retry-After"] = str(POLL_SECONDS)
    if _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(snapshot.body, headers=headers, media_type="application/json")


def _matches(if_none_match: str | None, etag: str) -> bool:
    """Compare ETags weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    known_tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known_tags or etag.removeprefix("W/") in known_tags
