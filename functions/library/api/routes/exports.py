"""Exports: the finished final renders of a clip. List and delete them. Responses carry signed URLs, which expire."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import TypeAdapter

from api.http.pagination import Paging
from api.http.security import AuthenticatedRoute, CurrentCaller, bearer
from api.models import EXPORT_ID, checked_uuid
from api.openapi.responses import problems
from api.routes.clips import ClipId, get_clip
from api.routes.file_urls import with_file_urls
from api.routes.projects import Deletion, DeletionOutcome, deletion_response, owner
from shared.answers import rows_of
from shared.api_models import ExportResponse, Page
from shared.database.client import call
from shared.errors import ClipNotFound, ExportNotFound, StorageUnavailable
from shared.jobs.records import Export, ListedRow

EXPORTS = rows_of(Export, ListedRow)
OUTCOME: TypeAdapter[DeletionOutcome] = TypeAdapter(DeletionOutcome)

router = APIRouter(tags=["clips"], route_class=AuthenticatedRoute, dependencies=[bearer])


async def _export_id(
    export_id: Annotated[str, Path(json_schema_extra={"format": "uuid"}, examples=[EXPORT_ID])],
) -> str:
    try:
        return checked_uuid(export_id)
    except ValueError:
        raise ExportNotFound from None


ExportId = Annotated[str, Depends(_export_id)]


@router.get(
    "/clips/{clip_id}/exports",
    responses=problems(ClipNotFound, StorageUnavailable),
)
async def list_exports(
    clip_id: ClipId, caller: CurrentCaller, paging: Paging
) -> Page[ExportResponse]:
    """List the exports (final renders) of a clip, newest first."""
    await get_clip(clip_id, caller)
    rows = await call(
        "list_exports",
        EXPORTS,
        repeatable=True,
        clip_id=clip_id,
        owner_id=owner(caller),
        **paging.arguments(id_type=checked_uuid),
    )
    page, next_cursor = paging.cut(rows)
    signed = await with_file_urls(page, video_url="storage_path", thumbnail_url="thumbnail_path")
    return Page(items=tuple(map(ExportResponse.model_validate, signed)), next_cursor=next_cursor)


@router.delete(
    "/exports/{export_id}",
    status_code=204,
    response_model=None,
    responses=problems(ExportNotFound),
)
async def delete_export(export_id: ExportId, caller: CurrentCaller) -> Response:
    """Delete an export and its files, also while a job of the project is active."""
    outcome = await call("delete_export", OUTCOME, export_id=export_id, owner_id=owner(caller))
    return deletion_response(Deletion(outcome=outcome), not_found=ExportNotFound)
