"""Health checks: whether the process is alive, and whether it is ready for requests."""

from fastapi import APIRouter

from api.openapi.responses import problems
from shared.api_models import Health, Readiness
from shared.database.schema_version import check_schema
from shared.errors import DatabaseUnavailable, ServiceUnavailable, StorageUnavailable
from shared.storage.factory import get_storage_check

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=problems(common=False))
async def health() -> Health:
    """Check that the process is alive. Its dependencies are not checked."""
    return Health()


@router.get(
    "/readyz",
    responses=problems(DatabaseUnavailable, ServiceUnavailable, StorageUnavailable, common=False),
)
async def readiness() -> Readiness:
    """Check that the service is ready: the database responds, its schema is as new as the code, and storage works.

    The type of a 503 tells which of them is not. Storage is checked at most every five seconds, and every second
    while it does not work.
    """
    await check_schema()
    await get_storage_check().check()
    return Readiness()
