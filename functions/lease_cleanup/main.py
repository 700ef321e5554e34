"""lease_cleanup: the function that the scheduler triggers.

Reclaims expired leases, dispatches requeued jobs, removes rows that have been kept long enough, and files that no row
refers to any more. It is safe to run at any time, and concurrently.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from uuid import UUID

import functions_framework.aio
from garbage import remove_garbage
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.auth.google_id_tokens import CallerSettings
from shared.database.client import CLEANUP_TIMEOUT_SECONDS, call
from shared.dispatch.cloud_tasks import CloudTasksSettings
from shared.dispatch.dispatch import DispatchSettings, dispatch
from shared.errors import EditAIError, ServiceUnavailable
from shared.observability.logs import configure_logging, log_fields
from shared.observability.telemetry import configure_telemetry, meter
from shared.serving.functions_framework import serve_functions
from shared.serving.internal_auth import internal_only
from shared.settings import Settings, check_settings, get_settings
from shared.storage.factory import StorageSettings
from shared.webhooks.sending import deliver_due
from shared.webhooks.settings import WebhookSettings

BATCH = 50
"""Rows of one call. Each has a subtransaction in Postgres, which keeps 64 of a transaction in memory."""
RECLAIM_SECONDS = 30.0
DROP_SECONDS = 5.0
"""Time limits of the steps of one trigger, to stay within its caller's timeout; the next trigger continues.

Within them a backlog is worked off as fast as the database allows."""

WEBHOOK_SECONDS = 50.0
"""How long webhooks are sent beside the other steps."""

DAY_SECONDS = 24 * 3600.0
UPLOAD_MAX_AGE_SECONDS = DAY_SECONDS
DELIVERY_RETENTION_DAYS = 30

configure_logging()
check_settings(
    Settings, StorageSettings, CallerSettings, DispatchSettings, CloudTasksSettings, WebhookSettings
)
configure_telemetry("lease_cleanup")
serve_functions()
logger = logging.getLogger("lease_cleanup")
actions = meter.create_counter("editai.cleanup")
runs = meter.create_counter("editai.cleanup.runs")


@functions_framework.aio.http
@internal_only
async def lease_cleanup(_request: Request) -> JSONResponse:
    """Respond 200 with counts of leases reclaimed, jobs dispatched, rows dropped and files removed.

    Every step runs, also after an earlier one failed. If one failed, responds 503 with `failed_steps` and the counts of
    what was done. A single row or file that could not be cleaned up is counted as `faulty` and fails no step.
    """
    started_at, counts = time.monotonic(), Counter(dict.fromkeys(COUNTS, 0))
    # Webhooks go out beside the other steps: a slow receiver must not keep a lease from being reclaimed.
    sending = asyncio.create_task(succeeds(send_webhooks, counts))
    failed_steps = [step.__name__ for step in STEPS if not await succeeds(step, counts)]
    if not await sending:
        failed_steps.append(send_webhooks.__name__)
    for action, amount in counts.items():
        actions.add(amount, {"editai.action": action})
    runs.add(1, {"editai.outcome": "incomplete" if failed_steps else "complete"})
    await record_run(time.monotonic() - started_at, failed_steps, counts)
    if failed_steps:
        logger.error("cleanup is incomplete", extra={**counts, "failed_steps": failed_steps})
        raise CleanupIncomplete(failed_steps, counts)
    logger.info("cleaned up", extra=counts)
    return JSONResponse(dict(counts))


async def record_run(seconds: float, failed_steps: list[str], counts: Counter[str]) -> None:
    """Store how this run ended, for operators."""
    try:
        await call(
            "record_cleanup",
            type(None),
            repeatable=True,
            runner="lease_cleanup",
            duration_seconds=round(seconds, 3),
            failed_steps=failed_steps,
            counts=dict(counts),
        )
    except EditAIError as error:
        logger.warning("the end of this run was not recorded: %s", error.slug)


class CleanupIncomplete(ServiceUnavailable):
    """A step of cleanup failed; the next trigger runs it again."""

    slug = "cleanup-incomplete"
    title = "Cleanup incomplete"
    default_detail = "A step of cleanup failed. Trigger it again."

    def __init__(self, failed_steps: list[str], counts: Counter[str]) -> None:
        super().__init__()
        self.extensions = {"failed_steps": failed_steps, **counts}


async def succeeds(step: Callable[[Counter[str]], Awaitable[None]], counts: Counter[str]) -> bool:
    """Run a step; log its failure, so that the next step runs, and return whether it succeeded."""
    try:
        await step(counts)
    except EditAIError as error:
        logger.warning("%s failed: %s", step.__name__, error.slug)
    except Exception:
        logger.exception("%s failed", step.__name__)
    else:
        return True
    return False


class Reclaimed(BaseModel):
    """What cleanup did about an expired lease or a queued job: requeued, failed, released or faulty."""

    project_id: str
    job_id: UUID | None
    fencing_token: int | None
    kind: str | None
    action: str
    code: str | None


async def reclaim_leases(counts: Counter[str]) -> None:
    """Reclaim expired leases and dispatch queued jobs, in batches."""
    await repeat(lambda: reclaim(counts), within_seconds=RECLAIM_SECONDS)


async def repeat(batch: Callable[[], Awaitable[int]], *, within_seconds: float) -> None:
    """Repeat a batch until one is not full, or no time is left. It is run at least once."""
    deadline = asyncio.get_running_loop().time() + within_seconds
    while await batch() >= BATCH and asyncio.get_running_loop().time() < deadline:
        pass


async def reclaim(counts: Counter[str]) -> int:
    """Reclaim one batch of leases and dispatch the requeued jobs; return how many there were, without faulty ones."""
    settings = get_settings()
    rows = await call(
        "cleanup_leases",
        list[Reclaimed],
        timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
        limit=BATCH,
        dispatch_ttl_seconds=settings.dispatch_ttl_seconds,
    )
    counts.update(row.action for row in rows)
    counts["dispatched"] += sum(
        await asyncio.gather(*(dispatch_reclaimed(row, settings) for row in rows))
    )
    return sum(row.action != "faulty" for row in rows)


async def dispatch_reclaimed(row: Reclaimed, settings: Settings) -> bool:
    """Log what happened to an expired lease and dispatch its job if requeued; return whether it was dispatched.

    A job that fails here ends outside any attempt, so this is the only place that logs it.
    """
    action, code = row.action, row.code
    with log_fields(**row.model_dump(mode="json", exclude={"action", "code"})):
        match action:
            case "failed":
                extra = {"action": action, "code": code}
                logger.warning("the job failed: %s", code, extra=extra)
            case "requeued" if row.job_id:
                logger.info("the job is requeued", extra={"action": action})
                return await dispatch(
                    row.job_id, settings, kind=row.kind, fencing_token=row.fencing_token
                )
            case "faulty":
                extra = {"action": action, "code": code}
                logger.error("a lease or job could not be cleaned up: %s", code, extra=extra)
            case _:
                logger.info("a lease without a job was removed", extra={"action": action})
    return False


async def drop_uploads(counts: Counter[str]) -> None:
    """Drop sources whose upload was announced but never confirmed."""
    await drop("cleanup_uploads", counts, "uploads_dropped", UPLOAD_MAX_AGE_SECONDS)


async def remove_jobs(counts: Counter[str]) -> None:
    """Remove the rows of jobs that ended long ago. Their clips and exports stay."""
    max_age_seconds = get_settings().job_retention_days * DAY_SECONDS
    await drop("cleanup_jobs", counts, "jobs_removed", max_age_seconds)


async def expire_keys(counts: Counter[str]) -> None:
    """Forget the idempotency keys of jobs that ended long ago."""
    max_age_seconds = get_settings().idempotency_key_days * DAY_SECONDS
    await drop("expire_idempotency_keys", counts, "keys_expired", max_age_seconds)


async def drop(function: str, counts: Counter[str], count: str, max_age_seconds: float) -> None:
    """Call a SQL function that drops a batch of rows of that age, until none is left, and count the rows."""

    async def batch() -> int:
        dropped = await call(
            function,
            int,
            timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
            limit=BATCH,
            max_age_seconds=max_age_seconds,
        )
        counts[count] += dropped
        return dropped

    await repeat(batch, within_seconds=DROP_SECONDS)


async def forget_deliveries(counts: Counter[str]) -> None:
    """Remove deliveries of webhooks that ended long ago."""
    max_age_seconds = DELIVERY_RETENTION_DAYS * DAY_SECONDS
    await drop("cleanup_deliveries", counts, "deliveries_removed", max_age_seconds)


async def send_webhooks(counts: Counter[str]) -> None:
    """Send the webhooks that are due, and what jobs ended meanwhile have added."""
    outcomes = await deliver_due(within_seconds=WEBHOOK_SECONDS)
    for outcome in ("delivered", "retried", "failed"):
        counts[f"webhooks_{outcome}"] += outcomes[outcome]


async def remove_files(counts: Counter[str]) -> None:
    """Remove files that no row refers to."""
    await remove_garbage(counts)


STEPS = (
    *(reclaim_leases, drop_uploads, remove_jobs, expire_keys, forget_deliveries, remove_files),
)
COUNTS = (
    *("requeued", "failed", "released", "faulty", "dispatched"),
    *("uploads_dropped", "jobs_removed", "keys_expired", "files_removed"),
    *("deliveries_removed", "webhooks_delivered", "webhooks_retried", "webhooks_failed"),
)
