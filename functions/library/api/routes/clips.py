"""Clips: list, read, rename, select and delete them. Responses carry signed URLs of the files, which expire."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from api.http.pagination import PageRequest, Paging
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import CLIP_ID, ClipUpdate, checked_uuid
from api.openapi.responses import BODY, problems
from api.routes.file_urls import with_file_urls
from api.routes.projects import Deletion, ProjectId, deletion_response, get_project, owner
from shared.answers import rows_of
from shared.api_models import ClipResponse, Page
from shared.auth.users import Caller
from shared.database.client import call
from shared.errors import ClipNotFound, ProjectBusy, ProjectNotFound, StorageUnavailable
from shared.jobs.records import Clip, ListedRow

CLIPS = rows_of(Clip, ListedRow)

router = APIRouter(tags=["clips"], route_class=AuthenticatedRoute, dependencies=[bearer])


async def _clip_id(
    clip_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[CLIP_ID])],
) -> str:
    try:
        return checked_uuid(clip_id)
    except ValueError:
        raise ClipNotFound from None


ClipId = Annotated[str, Depends(_clip_id)]


@router.get("/clips", responses=problems(StorageUnavailable))
async def list_clips(caller: CurrentCaller, paging: Paging) -> Page[ClipResponse]:
    """List the clips of all projects, newest first."""
    return await _page(paging, owner_id=owner(caller))


@router.get("/projects/{project_id}/clips", responses=problems(ProjectNotFound, StorageUnavailable))
async def list_project_clips(
    project_id: ProjectId, caller: CurrentCaller, paging: Paging
) -> Page[ClipResponse]:
    """List the clips of a project, newest first."""
    page, _ = await asyncio.gather(
        _page(paging, owner_id=owner(caller), project_id=project_id),
        get_project(project_id, caller),
    )
    return page


async def get_clip(clip_id: str, caller: Caller) -> Clip:
    """The caller's clip with this id. Raises ClipNotFound, also for another user's clip."""
    rows = await call(
        "list_clips", list[Clip], repeatable=True, owner_id=owner(caller), limit=1, clip_id=clip_id
    )
    if not rows:
        raise ClipNotFound
    return rows[0]


@router.get("/clips/{clip_id}", responses=problems(ClipNotFound, StorageUnavailable))
async def read_clip(clip_id: ClipId, caller: CurrentCaller) -> ClipResponse:
    """Read a clip."""
    clip = await get_clip(clip_id, caller)
    return (await _responses([clip.model_dump()]))[0]


@router.patch("/clips/{clip_id}", responses=problems(ClipNotFound, StorageUnavailable, *BODY))
async def update_clip(clip_id: ClipId, body: ClipUpdate, caller: CurrentCaller) -> ClipResponse:
    """Rename a clip, or select it for publishing."""
    rows = await call(
        "update_clip",
        CLIPS,
        repeatable=True,
        clip_id=clip_id,
        owner_id=owner(caller),
        variant_name=body.variant_name,
        is_selected=body.is_selected,
    )
    if not rows:
        raise ClipNotFound
    return (await _responses(rows))[0]


@router.delete(
    "/clips/{clip_id}",
    status_code=204,
    response_model=None,
    responses=problems(ClipNotFound, ProjectBusy),
)
async def delete_clip(clip_id: ClipId, caller: CurrentCaller) -> Response:
    """Delete a clip with its exports and their files. While a job of the project is active this gets 409."""
    result = await call("delete_clip", Deletion, clip_id=clip_id, owner_id=owner(caller))
    return deletion_response(result, not_found=ClipNotFound)


async def _page(paging: PageRequest, **filters: str | None) -> Page[ClipResponse]:
    rows = await call(
        "list_clips", CLIPS, repeatable=True, **filters, **paging.arguments(id_type=checked_uuid)
    )
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(await _responses(page)), next_cursor=next_cursor)


async def _responses(rows: list[dict[str, Any]]) -> list[ClipResponse]:
    signed = await with_file_urls(rows, video_url="storage_path", thumbnail_url="thumbnail_path")
    return [ClipResponse.model_validate(row) for row in signed]
