"""lease_cleanup: the function that the scheduler triggers.

Reclaims expired leases, dispatches requeued jobs, and removes files that no row refers to any more. It is safe to run
at any time, and concurrently.
"""

import asyncio
import logging
from collections import Counter
from typing import Any
from uuid import UUID

import functions_framework.aio
from garbage import remove_garbage
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.auth.google_id_tokens import CallerSettings
from shared.database.client import CLEANUP_TIMEOUT_SECONDS, call
from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.dispatch import DispatchSettings, dispatch
from shared.observability.logs import configure_logging, log_fields
from shared.observability.telemetry import configure_telemetry, meter
from shared.serving.functions_framework import serve_functions
from shared.serving.internal_auth import internal_only
from shared.settings import Settings, check_settings, get_settings
from shared.storage.factory import StorageSettings

BATCH = 100
MAX_BATCHES = 10
"""Limit of one trigger, to stay within its caller's timeout; the next trigger continues."""

UPLOAD_MAX_AGE_SECONDS = 24 * 3600.0

configure_logging()
check_settings(Settings, StorageSettings, CallerSettings, DispatchSettings, CloudTasksSettings)
configure_telemetry("lease_cleanup")
serve_functions()
logger = logging.getLogger("lease_cleanup")
actions = meter.create_counter("editai.cleanup")


@functions_framework.aio.http
@internal_only
async def lease_cleanup(_request: Request) -> JSONResponse:
    """Respond 200 with counts of leases reclaimed, jobs dispatched, uploads dropped and files removed."""
    counts = Counter(requeued=0, failed=0, released=0, dispatched=0)
    for _ in range(MAX_BATCHES):
        reclaimed = await reclaim(counts)
        if reclaimed < BATCH:
            break
    counts["uploads_dropped"] = await drop_pending_uploads()
    counts["files_removed"] = await remove_garbage()
    logger.info("cleaned up", extra=counts)
    for action, amount in counts.items():
        actions.add(amount, {"editai.action": action})
    return JSONResponse(dict(counts))


async def reclaim(counts: Counter[str]) -> int:
    """Reclaim one batch of expired leases and dispatch the requeued jobs; return how many leases there were."""
    settings = get_settings()
    rows = await call(
        "cleanup_leases",
        timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
        limit=BATCH,
        dispatch_ttl_seconds=settings.dispatch_ttl_seconds,
    )
    counts.update(row["action"] for row in rows)
    counts["dispatched"] += sum(
        await asyncio.gather(*(dispatch_reclaimed(row, settings) for row in rows))
    )
    return len(rows)


async def dispatch_reclaimed(row: dict[str, Any], settings: Settings) -> bool:
    """Log what happened to an expired lease and dispatch its job if requeued; return whether it was dispatched.

    A job that fails here ends outside any attempt, so this is the only place that logs it.
    """
    action, code = row["action"], row["code"]
    ids = {name: row[name] for name in ("project_id", "job_id", "fencing_token")}
    with log_fields(**ids):
        match action:
            case "failed":
                extra = {"action": action, "code": code}
                logger.warning("the job failed: %s", code, extra=extra)
            case "requeued":
                logger.info("the job is requeued", extra={"action": action})
                return await dispatch(
                    UUID(row["job_id"]), settings, fencing_token=row["fencing_token"]
                )
            case _:
                logger.info("a lease without a job was removed", extra={"action": action})
    return False


async def drop_pending_uploads() -> int:
    """Drop sources whose upload was announced but never confirmed; return how many."""
    dropped = 0
    for _ in range(MAX_BATCHES):
        batch = await call(
            "cleanup_uploads",
            timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
            limit=BATCH,
            max_age_seconds=UPLOAD_MAX_AGE_SECONDS,
        )
        dropped += batch
        if batch < BATCH:
            break
    return dropped
