"""Gives a job back when the worker has to end: another worker goes on after its last clip, and no attempt is spent."""

import asyncio
import logging

from shared.dispatch.dispatch import dispatch
from shared.errors import EditAIError, LeaseLost
from shared.jobs.lifecycle import return_job
from shared.jobs.records import Job, Lease
from shared.running.running_job import retry_until_available
from shared.serving.ending import seconds_left
from shared.settings import get_settings

logger = logging.getLogger(__name__)

DISPATCH_TTL_SECONDS = 5.0
"""How long cleanup waits for another worker: this process may be killed before it has dispatched the job."""


async def give_back(job: Job, lease: Lease) -> str:
    """Give the job of a stopped attempt back and dispatch it, in the seconds that are left; return how that ended.

    returned: another worker has been told of the job. left: cleanup dispatches it, because the database or the dispatch
    did not respond. lost, cancelled: the job is no longer this attempt's. Never raises.
    """
    settings = get_settings()
    ttl_seconds = min(DISPATCH_TTL_SECONDS, settings.dispatch_ttl_seconds)
    outcome = "left"
    try:
        async with asyncio.timeout(seconds_left()):
            token = await retry_until_available(
                lambda: return_job(lease, dispatch_ttl_seconds=ttl_seconds)
            )
            if await dispatch(job.id, settings, kind=job.kind, fencing_token=token):
                outcome = "returned"
    except LeaseLost as loss:
        outcome = "cancelled" if loss.cancelled else "lost"
    except (TimeoutError, EditAIError) as error:
        logger.warning("giving the job back did not end: %s", type(error).__name__)
    return outcome
