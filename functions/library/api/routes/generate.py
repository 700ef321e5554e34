"""Generate: raw clips from a video uploaded with the request, or from a stored source.

    authenticate -> check headers -> check that the project is free -> receive the file into staging -> check fields
        -> probe -> announce the upload -> put the file into storage -> start the job atomically -> dispatch -> 202

If anything fails before the job has started, no file and no row is left. If this process is killed, cleanup removes the
announced file.
"""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from api.http.problems import invalid_parts
from api.http.security import (
    UploadRoute,
    bearer,
    bounded_body,
    media_type,
    refuse_encoded,
    too_large,
)
from api.job_start.starter import JobStarter, StartsJob
from api.models import GenerateFromSource, GenerateOptions
from api.openapi.responses import BODY, accepted_headers, job_problems
from api.routes.projects import ProjectId, owner
from api.routes.sources import refuse_unconfirmed
from api.settings import DEFAULT_MAX_UPLOAD_BYTES, get_library_settings
from api.uploads.form import FORM_OVERHEAD_BYTES, Form, body_errors, receive_form
from api.uploads.probing import probed_facts
from shared.api_models import JobAccepted
from shared.database.client import call, read
from shared.errors import (
    DatabaseUnavailable,
    EditAIError,
    IdempotencyKeyReused,
    ProjectNotFound,
    SourceNotFound,
    SourceNotReady,
    StorageUnavailable,
    UnsupportedMediaType,
    UnusableVideo,
)
from shared.job_params.audio_track import track_problem
from shared.job_params.raw_clips import RawClipsOptions, RawClipsParams
from shared.jobs.lifecycle import JobRequest
from shared.jobs.limits import RATE, refuse_over
from shared.jobs.records import AudioTrack, Job, Source
from shared.storage.factory import get_storage
from shared.storage.paths import video_extension

logger = logging.getLogger(__name__)

FORM = "multipart/form-data"
JSON = "application/json"
KIND = "raw_clips"

router = APIRouter(
    prefix="/projects", tags=["jobs"], route_class=UploadRoute, dependencies=[bearer]
)

REQUEST_BODY = {
    "required": True,
    "content": {
        FORM: {"schema": {"$ref": "#/components/schemas/GenerateFromUpload"}},
        JSON: {"schema": {"$ref": "#/components/schemas/GenerateFromSource"}},
    },
}


@router.post(
    "/{project_id}/generate",
    status_code=202,
    response_model=JobAccepted,
    responses={
        202: accepted_headers(),
        **job_problems(
            ProjectNotFound,
            SourceNotFound,
            *BODY,
            UnusableVideo,
            SourceNotReady,
            IdempotencyKeyReused,
            StorageUnavailable,
            max_body_bytes=DEFAULT_MAX_UPLOAD_BYTES,
        ),
    },
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def generate(request: Request, project_id: ProjectId, starter: StartsJob) -> Response:
    """Make raw clips from a video: upload it with this request, or name a stored source."""
    kind = media_type(request)
    if kind not in (FORM, JSON):
        raise UnsupportedMediaType(
            f"Send a video as {FORM}, or the id of a stored source as {JSON}."
        )
    refuse_encoded(request)
    max_bytes = get_library_settings().max_upload_bytes
    if int(request.headers.get("content-length", "0")) > max_bytes + FORM_OVERHEAD_BYTES:
        raise too_large(max_bytes)
    await starter.check(
        project_id, max_probes_per_minute=_max_probes(starter) if kind == FORM else None
    )
    start = _from_upload if kind == FORM else _from_source
    return starter.accepted(await start(request, project_id, starter))


async def _from_source(request: Request, project_id: str, starter: JobStarter) -> Job:
    body = await bounded_body(request).body()
    try:
        options = GenerateFromSource.model_validate_json(body)
    except ValidationError as error:
        raise body_errors(error) from None
    if options.audio_track is not None:
        sources = await read(
            "sources", list[Source], project_id=project_id, id={str(options.source_id)}
        )
        for source in sources:
            _refuse_track(options, source.audio_tracks)
    job_id = uuid4()
    job_request = JobRequest(
        project_id=project_id,
        owner_id=starter.caller.owner_id,
        kind=KIND,
        params=RawClipsParams.of(options, options.source_id, job_id).model_dump(mode="json"),
        source_ids=(options.source_id,),
        webhook_url=options.webhook_url,
        idempotency_key=starter.idempotency_key,
        request_hash=starter.request_hash(kind=KIND, **options.model_dump()),
    )
    try:
        return await starter.start(job_request, job_id)
    except SourceNotFound:
        await refuse_unconfirmed(options.source_id, project_id, starter.caller)
        raise


async def _from_upload(request: Request, project_id: str, starter: JobStarter) -> Job:
    source_id, storage = uuid4(), get_storage()
    async with storage.staging() as staged:
        form = await receive_form(
            request,
            staged,
            options=GenerateOptions,
            max_bytes=get_library_settings().max_upload_bytes,
        )
        path = f"{project_id}/sources/{source_id}{video_extension(form.file_name)}"
        # A second announcement of the same path does no harm.
        rate = await call(
            "announce_upload",
            RATE,
            repeatable=True,
            project_id=project_id,
            storage_path=path,
            owner_id=owner(starter.caller),
            max_probes_per_minute=_max_probes(starter),
        )
        refuse_over(rate)
        facts = await probed_facts(staged, starter.caller)
        _refuse_track(
            form.options, [AudioTrack.model_validate(track) for track in facts["audio_tracks"]]
        )
        identity = {"id": str(source_id), "file_name": form.file_name, "storage_path": path}
        source = identity | facts
        await storage.put(staged, path, content_type=source["content_type"])
    return await _start_with_file(project_id, form, source, starter)


def _max_probes(starter: JobStarter) -> int | None:
    """The maximum of probes a minute; the service key has none."""
    return None if starter.caller.is_service else get_library_settings().max_probes_per_minute


def _refuse_track(options: RawClipsOptions, tracks: Sequence[AudioTrack] | None) -> None:
    """Raise InvalidRequest if the chosen sound track is not one of `tracks`, or cannot be decoded."""
    if problem := track_problem(options.audio_track, tracks):
        _, detail = problem
        raise invalid_parts(("body.audio_track", detail))


async def _start_with_file(
    project_id: str, form: Form[GenerateOptions], source: dict[str, Any], starter: JobStarter
) -> Job:
    """Start the job, and delete its file if the job did not start.

    If it is unknown whether the job started, the file stays: a surplus file is harmless, a job without its file fails.
    """
    job_id, path = uuid4(), source["storage_path"]
    job_request = JobRequest(
        project_id=project_id,
        owner_id=starter.caller.owner_id,
        kind=KIND,
        params=RawClipsParams.of(form.options, UUID(source["id"]), job_id).model_dump(mode="json"),
        source=source,
        webhook_url=form.options.webhook_url,
        idempotency_key=starter.idempotency_key,
        request_hash=starter.request_hash(
            kind=KIND, video=form.digest, **form.options.model_dump()
        ),
    )
    try:
        job = await starter.start(job_request, job_id)
    except DatabaseUnavailable:
        logger.warning("it is not known whether job %s started; %s stays", job_id, path)
        raise
    except (EditAIError, ClientDisconnect):
        await get_storage().delete([path])
        raise
    if job.id != job_id:
        await get_storage().delete([path])
    return job
