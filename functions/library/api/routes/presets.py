"""Export presets: the output formats of final renders."""

from fastapi import APIRouter

from api.http.security import AuthenticatedRoute, bearer
from api.openapi.responses import problems
from shared.api_models import Presets
from shared.database.client import read
from shared.jobs.records import ExportPreset

router = APIRouter(tags=["clips"], route_class=AuthenticatedRoute, dependencies=[bearer])


@router.get("/export-presets", responses=problems())
async def list_export_presets() -> Presets:
    """List all export presets, by name."""
    rows = await read("export_presets", list[ExportPreset], order="name")
    return Presets(items=tuple(rows))
