"""Generate from segments: clips from chosen segments of stored sources."""

from uuid import uuid4

from fastapi import APIRouter, Response

from api.http.problems import invalid_parts
from api.http.security import AuthenticatedRoute, bearer
from api.job_start.starter import JobStarter, StartsJob
from api.models import GenerateFromSegments
from api.openapi.responses import BODY, accepted_headers, job_problems
from api.routes.projects import ProjectId
from api.webhook_member import MEMBER
from shared.api_models import JobAccepted
from shared.database.client import read
from shared.errors import IdempotencyKeyReused, ProjectNotFound, SourceNotFound
from shared.job_params.segments import SegmentsParams, check_segments
from shared.jobs.lifecycle import JobRequest
from shared.jobs.records import Source

KIND = "segment_clips"

router = APIRouter(
    prefix="/projects", tags=["jobs"], route_class=AuthenticatedRoute, dependencies=[bearer]
)


@router.post(
    "/{project_id}/generate-from-segments",
    status_code=202,
    response_model=JobAccepted,
    responses={
        202: accepted_headers(),
        **job_problems(ProjectNotFound, SourceNotFound, IdempotencyKeyReused, *BODY),
    },
)
async def generate_from_segments(
    project_id: ProjectId, body: GenerateFromSegments, starter: StartsJob
) -> Response:
    """Make clips from chosen segments. An invalid segment gets 422; `errors` names it by its index."""
    await starter.check(project_id)
    await _refuse_invalid_segments(project_id, body)
    return starter.accepted(await starter.start(_request(project_id, body, starter), uuid4()))


async def _refuse_invalid_segments(project_id: str, params: SegmentsParams) -> None:
    source_ids = {str(segment.source_id) for segment in params.segments}
    sources = await read("sources", list[Source], project_id=project_id, id=source_ids)
    problems = check_segments(params, sources)
    if problems:
        raise invalid_parts(
            *((f"body.segments.{problem.index}", problem.detail) for problem in problems)
        )


def _request(project_id: str, params: GenerateFromSegments, starter: JobStarter) -> JobRequest:
    # Hash only what the client sent: a drawn seed would give every retry a different hash.
    sent_params = params.model_dump(mode="json", exclude_unset=True)
    return JobRequest(
        project_id=project_id,
        owner_id=starter.caller.owner_id,
        kind=KIND,
        params=params.model_dump(mode="json", exclude={MEMBER}),
        webhook_url=params.webhook_url,
        source_ids=tuple({segment.source_id for segment in params.segments}),
        idempotency_key=starter.idempotency_key,
        request_hash=starter.request_hash(kind=KIND, **sent_params),
    )
