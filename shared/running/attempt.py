"""Runs a claimed job: keeps its lease, runs its recipe, ends it. A write under a lost lease never takes effect."""

import asyncio
import logging

from shared.errors import EditAIError, LeaseLost, PayloadTooLarge, UnsupportedMediaType
from shared.full_disks import OUT_OF_DISK_SPACE, disk_is_full
from shared.jobs.leases import keep_lease
from shared.jobs.lifecycle import JobClaim, abandon_job, discard_outputs
from shared.jobs.records import Job, Lease
from shared.observability.telemetry import meter
from shared.running.giving_back import give_back
from shared.running.outcome import JobFailed
from shared.running.recipes import AnyRecipes
from shared.running.reporting import Reporter
from shared.running.running_job import RunningJob
from shared.running.workspace import workspace
from shared.serving.ending import GRACE_SECONDS, ProcessEnds, until_ending
from shared.settings import get_settings

logger = logging.getLogger(__name__)

_leases_lost = meter.create_counter("editai.leases.lost")
_job_duration = meter.create_histogram("editai.job.duration", unit="s")

ABANDONED_TTL_SECONDS = 1.0


async def run_job(
    claim: JobClaim, recipes: AnyRecipes, *, attempt_seconds: float | None = None
) -> str:
    """Run a claimed job to its end and return how the attempt ended.

    completed, failed and cancelled end the job. lost: another attempt has taken over, or will. abandoned: the job is to
    be retried. returned and left: this process has to end, and the job was given back and dispatched, or is left to
    cleanup.

    Never raises because of what a job does. A fault that the next attempt may not meet (a full disk, storage that is
    unavailable) abandons the attempt: its lease is cut short, and cleanup requeues the job while it has attempts left.
    An attempt is abandoned, too, when it has lasted `attempt_seconds` since it was claimed.
    """
    if claim.job is None or claim.lease is None or claim.lease.requested_at is None:
        raise ValueError("a claimed job has a row and a lease")
    job, lease, started_at = claim.job, claim.lease, claim.lease.requested_at
    reporter = Reporter(lease, ttl_seconds=get_settings().lease_ttl_seconds)
    limit = asyncio.timeout_at(None if attempt_seconds is None else started_at + attempt_seconds)
    try:
        outcome = await _attempt(claim, recipes, job=job, reporter=reporter, limit=limit)
    except LeaseLost as loss:
        outcome = "cancelled" if loss.cancelled else "lost"
        if not loss.cancelled:
            _leases_lost.add(1, {"editai.kind": job.kind})
        await _discard_outputs(lease)
    except ProcessEnds:
        outcome = await give_back(job, lease)
    except Exception as error:
        if limit.expired():
            logger.warning("the attempt is abandoned: it has lasted %g s", attempt_seconds)
        else:
            logger.exception("the attempt is abandoned")
        await _abandon(lease, "attempt-too-long" if limit.expired() else _code(error))
        outcome = "abandoned"
    reporter.log_end()
    _record_end(job, outcome, asyncio.get_running_loop().time() - started_at)
    return outcome


async def _attempt(
    claim: JobClaim,
    recipes: AnyRecipes,
    *,
    job: Job,
    reporter: Reporter,
    limit: asyncio.Timeout,
) -> str:
    """Run the job in its own work directory while its lease is renewed."""
    lease, ttl_seconds = reporter.lease, get_settings().lease_ttl_seconds
    async with keep_lease(lease, ttl_seconds=ttl_seconds, renew=reporter.send) as keeper:
        with workspace(job.id, lease.fencing_token) as directory:
            reporter.keeper = keeper
            context = recipes.context(
                job=job,
                lease=lease,
                sources=claim.sources or (),
                clips=claim.clips or (),
                directory=directory,
                reporter=reporter,
            )
            async with limit, until_ending(GRACE_SECONDS):
                return await _run_recipe(context, recipes)


def _record_end(job: Job, outcome: str, duration_seconds: float) -> None:
    seconds = round(duration_seconds, 3)
    extra = {"outcome": outcome, "duration_seconds": seconds}
    logger.info("the attempt ended: %s", outcome, extra=extra)
    _job_duration.record(seconds, {"editai.kind": job.kind, "editai.outcome": outcome})


async def _run_recipe(context: RunningJob, recipes: AnyRecipes) -> str:
    """Run the job's recipe and end the job with its result, or with an error that the user can read.

    When the process has to end, the recipe is stopped. The write that ends the job may go on for GRACE_SECONDS.
    """
    try:
        async with until_ending():
            outcome = await recipes.run(context)
    except Exception as error:
        failure = _failure_of(error, recipes)
        if failure is None:
            raise
        return await _fail(context, failure)
    await context.finish("completed", result=outcome.result, export=outcome.export)
    return "completed"


def _failure_of(error: Exception, recipes: AnyRecipes) -> JobFailed | None:
    """What the job fails with because of a recipe's exception; None if its attempt is abandoned."""
    match error:
        case JobFailed():
            return error
        case PayloadTooLarge() | UnsupportedMediaType():
            return JobFailed("storage_refused", error.detail)
        case LeaseLost() | ProcessEnds():
            return None
        case _:
            return recipes.failure_of(error)


async def _fail(context: RunningJob, failure: JobFailed) -> str:
    logger.warning("the job failed: %s", failure.detail, extra={"code": failure.code})
    await context.finish("failed", error={"code": failure.code, "detail": failure.detail})
    return "failed"


async def _discard_outputs(lease: Lease) -> None:
    """Leave the files of a lost attempt to cleanup, which knows which files rows point at.

    If the response to a checkpoint's write was lost, its row exists, and removing the files here would break it.
    """
    try:
        await discard_outputs(lease)
    except EditAIError:
        logger.warning(
            "outputs of token %d of %s are left behind", lease.fencing_token, lease.project_id
        )


def _code(error: Exception) -> str:
    """What an operator is told of a fault: the slug of a known problem, or the exception's name."""
    if disk_is_full(error):
        return OUT_OF_DISK_SPACE
    return error.slug if isinstance(error, EditAIError) else type(error).__name__


async def _abandon(lease: Lease, code: str) -> None:
    """Let the lease expire now instead of in a minute. If this call fails, it expires by itself."""
    try:
        await abandon_job(lease, code, ttl_seconds=ABANDONED_TTL_SECONDS)
    except (LeaseLost, EditAIError):
        logger.info("the lease of %s is left to expire", lease.project_id)
