"""Sources: the videos that were uploaded to a project."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from api.pagination import Paging
from api.projects import ProjectId, get_project, owner
from api.responses import problems
from api.security import AuthenticatedRoute, CurrentCaller, bearer
from api.settings import get_library_settings
from shared.database import call
from shared.errors import ProjectNotFound
from shared.storage import get_storage
from shared.wire import Page, SourceAnswer

router = APIRouter(
    prefix="/projects", tags=["sources"], route_class=AuthenticatedRoute, dependencies=[bearer]
)


@router.get("/{project_id}/sources", responses=problems(ProjectNotFound))
async def list_sources(
    project_id: ProjectId, caller: CurrentCaller, paging: Paging
) -> Page[SourceAnswer]:
    """List the sources of a project, newest first."""
    arguments = paging.arguments(id_type=UUID)
    rows, _ = await asyncio.gather(
        call("list_sources", project_id=project_id, owner_id=owner(caller), **arguments),
        get_project(project_id, caller),
    )
    page, next_cursor = paging.cut(rows)
    return Page(items=tuple(await _answers(page)), next_cursor=next_cursor)


async def _answers(rows: list[dict[str, Any]]) -> list[SourceAnswer]:
    """Sources with the URLs of their videos, where these have arrived."""
    ttl_seconds = get_library_settings().url_ttl_seconds
    expire_at = datetime.now(UTC) + timedelta(seconds=ttl_seconds)
    ready = [row["storage_path"] for row in rows if row["status"] == "ready"]
    urls = await get_storage().download_urls(ready, expires_in_seconds=ttl_seconds)
    return [
        SourceAnswer.model_validate(
            row
            | {
                "video_url": (url := urls.get(row["storage_path"])),
                "urls_expire_at": url and expire_at,
            }
        )
        for row in rows
    ]
