"""Final renders of a clip for an export preset."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import Field

from api.http.problems import invalid_parts
from api.http.security import AuthenticatedRoute, bearer
from api.job_start.starter import JobStarter, StartsJob
from api.openapi.responses import BODY, accepted_headers, job_problems
from api.routes.clips import ClipId, get_clip
from api.webhook_member import MEMBER, WithWebhookUrl
from shared.api_models import JobAccepted
from shared.database.client import read
from shared.errors import ClipNotFound, IdempotencyKeyReused
from shared.job_params.final_render import RenderOptions, RenderParams
from shared.jobs.lifecycle import JobRequest
from shared.jobs.records import Clip, ExportPreset

KIND = "final_render"

router = APIRouter(prefix="/clips", route_class=AuthenticatedRoute, dependencies=[bearer])


class RenderRequest(RenderOptions, WithWebhookUrl):
    """The export preset and the options of a final render."""

    preset: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")]


@router.post(
    "/{clip_id}/render",
    tags=["jobs"],
    status_code=202,
    response_model=JobAccepted,
    responses={
        202: accepted_headers(),
        **job_problems(ClipNotFound, IdempotencyKeyReused, *BODY),
    },
)
async def render(clip_id: ClipId, body: RenderRequest, starter: StartsJob) -> Response:
    """Render a clip for publishing. Every finished render adds an export to the clip."""
    clip = await get_clip(clip_id, starter.caller)
    await starter.check(clip.project_id)
    preset = await _preset(body.preset)
    return starter.accepted(await starter.start(_request(clip, preset, body, starter), uuid4()))


async def _preset(name: str) -> ExportPreset:
    rows = await read("export_presets", list[ExportPreset], name=name)
    if not rows:
        raise invalid_parts(
            ("body.preset", "Unknown export preset; GET /export-presets lists all presets")
        )
    return rows[0]


def _request(
    clip: Clip, preset: ExportPreset, body: RenderRequest, starter: JobStarter
) -> JobRequest:
    options = RenderOptions.model_validate(body.model_dump(exclude={"preset", MEMBER}))
    return JobRequest(
        project_id=clip.project_id,
        owner_id=starter.caller.owner_id,
        kind=KIND,
        params=RenderParams.of(clip, preset, options).model_dump(mode="json"),
        webhook_url=body.webhook_url,
        idempotency_key=starter.idempotency_key,
        request_hash=starter.request_hash(
            kind=KIND, clip_id=clip.id, **body.model_dump(mode="json")
        ),
    )
