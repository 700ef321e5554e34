"""Sources: the videos of a project. A browser uploads a large video straight to storage.

POST /projects/{id}/sources  -> upload_url      the browser PUTs the file there, or uploads it by `resumable`
POST /sources/{id}/confirm   -> probed, ready   jobs can now use it
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Path, Response
from pydantic import model_validator

from api.http.pagination import Paging
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import SOURCE_ID, SourceCreate, checked_uuid
from api.openapi.problem_schemas import NOT_UPLOADED
from api.openapi.responses import BODY, problems
from api.routes.file_urls import with_file_urls
from api.routes.projects import Deletion, ProjectId, deletion_response, get_project, owner
from api.settings import get_library_settings
from api.uploads.probing import facts_of_file, probe_turn
from api.uploads.resumable import resumable_upload
from shared.answers import ANYTHING, rows_of
from shared.api_models import Page, SourceResponse, UploadResponse
from shared.auth.users import Caller
from shared.database.client import call
from shared.errors import (
    LimitReached,
    ProjectBusy,
    ProjectNotFound,
    SourceNotFound,
    SourceNotReady,
    StorageUnavailable,
    UnusableVideo,
)
from shared.jobs.limits import Rate, limit_reached, refuse_over
from shared.jobs.records import ListedRow, Possibly, Record, Source
from shared.media.probe import ends_suffice_for_probe
from shared.storage.factory import get_storage
from shared.storage.paths import content_type, video_extension

UPLOAD_URL_SECONDS = 2 * 3600
"""The same as Supabase Storage's own upload URLs."""

SOURCES = rows_of(Source, ListedRow)


class _Begun(Record):
    """The source that is to be confirmed, if there is such a source of the caller."""

    outcome: Literal["pending", "ready", "too_many_probes", "source_not_found"]
    source: dict[str, Any] | None
    rate: Possibly[Rate]

    @model_validator(mode="after")
    def _has_its_source(self) -> Self:
        if self.outcome != "source_not_found":
            Source.model_validate(self.source)
        return self


router = APIRouter(tags=["sources"], route_class=AuthenticatedRoute, dependencies=[bearer])


async def _source_id(
    source_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[SOURCE_ID])],
) -> str:
    try:
        return checked_uuid(source_id)
    except ValueError:
        raise SourceNotFound from None


SourceId = Annotated[str, Depends(_source_id)]


@router.get(
    "/projects/{project_id}/sources", responses=problems(ProjectNotFound, StorageUnavailable)
)
async def list_sources(
    project_id: ProjectId, caller: CurrentCaller, paging: Paging
) -> Page[SourceResponse]:
    """List the sources of a project, newest first."""
    arguments = paging.arguments(id_type=checked_uuid)
    rows, _ = await asyncio.gather(
        call(
            "list_sources",
            SOURCES,
            repeatable=True,
            project_id=project_id,
            owner_id=owner(caller),
            **arguments,
        ),
        get_project(project_id, caller),
    )
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(await _responses(page)), next_cursor=next_cursor)


@router.post(
    "/projects/{project_id}/sources",
    status_code=201,
    responses=problems(ProjectNotFound, LimitReached, StorageUnavailable, *BODY),
)
async def create_source(
    project_id: ProjectId, body: SourceCreate, caller: CurrentCaller
) -> UploadResponse:
    """Create a source and get access to upload its file.

    PUT the file to `upload_url`, or upload it by `resumable`, which continues after a lost connection. Then confirm the
    source. A source that is not confirmed within a day is deleted.
    """
    maximum = get_library_settings().max_pending_sources_per_user
    source_id = str(uuid4())
    path = f"{project_id}/sources/{source_id}{video_extension(body.file_name)}"
    rows = await call(
        "create_source",
        SOURCES,
        project_id=project_id,
        owner_id=owner(caller),
        source_id=source_id,
        file_name=body.file_name,
        storage_path=path,
        content_type=content_type(path),
        max_pending_sources=None if caller.is_service else maximum,
    )
    if not rows:
        await get_project(project_id, caller)
        raise limit_reached("pending", maximum)
    expires_at = datetime.now(UTC) + timedelta(seconds=UPLOAD_URL_SECONDS)
    source = (await _responses(rows))[0]
    access = await get_storage().upload_access(path, expires_in_seconds=UPLOAD_URL_SECONDS)
    return UploadResponse(
        source=source,
        upload_url=access.url,
        upload_url_expires_at=expires_at,
        resumable=resumable_upload(access, content_type=source.content_type, expires_at=expires_at),
    )


@router.post(
    "/sources/{source_id}/confirm",
    responses=problems(SourceNotFound, UnusableVideo, LimitReached, StorageUnavailable),
)
async def confirm_source(source_id: SourceId, caller: CurrentCaller) -> SourceResponse:
    """Confirm an uploaded video, so that jobs can use it. Confirming again changes nothing.

    The file is probed first. If it is unusable, the source and its file are deleted, because an `upload_url` accepts
    only one file: create a new source for the next attempt.
    """
    row, is_pending = await _begin_confirm(source_id, caller)
    if is_pending:
        facts = await _probe_or_delete(row, caller)
        rows = await call(
            "confirm_source",
            SOURCES,
            repeatable=True,
            source_id=source_id,
            owner_id=owner(caller),
            facts=facts,
        )
        if not rows:
            raise SourceNotFound
        row = rows[0]
    return (await _responses([row]))[0]


@router.delete(
    "/sources/{source_id}",
    status_code=204,
    response_model=None,
    responses=problems(SourceNotFound, ProjectBusy),
)
async def delete_source(source_id: SourceId, caller: CurrentCaller) -> Response:
    """Delete a source and its file. Clips made from it stay. While a job of the project is active this gets 409."""
    result = await call("delete_source", Deletion, source_id=source_id, owner_id=owner(caller))
    return deletion_response(result, not_found=SourceNotFound)


async def _begin_confirm(source_id: str, caller: Caller) -> tuple[dict[str, Any], bool]:
    """The source's row, and whether its file is to be probed. Raises SourceNotFound, LimitReached."""
    maximum = None if caller.is_service else get_library_settings().max_probes_per_minute
    begun = await call(
        "begin_confirm",
        _Begun,
        repeatable=True,
        source_id=source_id,
        owner_id=owner(caller),
        max_probes_per_minute=maximum,
    )
    if begun.source is None or begun.outcome == "source_not_found":
        raise SourceNotFound
    refuse_over(begun.rate)
    return begun.source, begun.outcome == "pending"


async def refuse_unconfirmed(source_id: UUID, project_id: str, caller: Caller) -> None:
    """Raise SourceNotReady if this is an unconfirmed source of the caller's project."""
    rows = await call(
        "get_source", SOURCES, repeatable=True, source_id=str(source_id), owner_id=owner(caller)
    )
    if any(row["project_id"] == project_id and row["status"] == "pending" for row in rows):
        raise SourceNotReady


async def _probe_or_delete(row: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """Probe an uploaded file. If it is unusable, delete the source and its file, and raise UnusableVideo.

    While a job holds the project the source cannot be deleted; it is removed within a day, like every unconfirmed one.
    """
    try:
        return await _probe_stored_file(row["storage_path"], caller)
    except UnusableVideo as error:
        if error.extensions["reason"] != NOT_UPLOADED:
            await call("delete_source", ANYTHING, source_id=row["id"], owner_id=owner(caller))
        raise


async def _probe_stored_file(path: str, caller: Caller) -> dict[str, Any]:
    """Probe a stored file without downloading all of it."""
    async with probe_turn(caller):
        return await _probe_ends(path)


async def _probe_ends(path: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="editai-probe-") as directory:
        try:
            file = await get_storage().peek(
                path, FilePath(directory), ends_suffice=ends_suffice_for_probe
            )
        except FileNotFoundError:
            raise UnusableVideo(
                "No file has been uploaded yet. PUT the file to its upload_url first.",
                reason=NOT_UPLOADED,
            ) from None
        return await facts_of_file(file)


async def _responses(rows: list[dict[str, Any]]) -> list[SourceResponse]:
    """Sources as responses; ready ones have the URL of their video."""
    with_video_paths = [row | {"video_path": _path_if_ready(row)} for row in rows]
    signed = await with_file_urls(with_video_paths, video_url="video_path")
    return [SourceResponse.model_validate(row) for row in signed]


def _path_if_ready(row: dict[str, Any]) -> str | None:
    return row["storage_path"] if row["status"] == "ready" else None
