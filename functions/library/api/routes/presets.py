"""Export presets: the output formats of final renders."""

from fastapi import APIRouter

from api.http.security import AuthenticatedRoute, bearer
from api.openapi.responses import problems
from shared.api_models import ExportPresetResponse, Page
from shared.database.client import read
from shared.jobs.records import ExportPreset

router = APIRouter(tags=["clips"], route_class=AuthenticatedRoute, dependencies=[bearer])


@router.get("/export-presets", responses=problems())
async def list_export_presets() -> Page[ExportPresetResponse]:
    """List all export presets, by name: what a final render can be made for. They are always one page."""
    rows = await read("export_presets", list[ExportPreset], order="name")
    return Page(items=tuple(map(ExportPresetResponse.model_validate, rows)), next_cursor=None)
