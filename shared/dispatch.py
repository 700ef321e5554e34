"""Handing a queued job to a worker: over HTTP directly, for a worker that runs beside us."""

import logging
from uuid import UUID

import httpx

from shared.settings import Settings

logger = logging.getLogger(__name__)

HAND_OVER_SECONDS = 5.0


async def dispatch(job_id: UUID, settings: Settings) -> bool:
    """Ask the worker to take a job; return whether it answered that it did.

    Never raises: a job that was not handed over keeps its short dispatch lease, and cleanup hands it over again.
    The worker answers once it has claimed the job and goes on after its answer (RFC 7240, respond-async).
    """
    try:
        async with httpx.AsyncClient(timeout=HAND_OVER_SECONDS) as client:
            response = await client.post(
                settings.worker_url,
                json={"job_id": str(job_id)},
                headers={
                    "Authorization": f"Bearer {settings.internal_secret.get_secret_value()}",
                    "Prefer": "respond-async",
                },
            )
            response.raise_for_status()
    except httpx.HTTPError as error:
        logger.warning("job %s was not handed over: %s", job_id, type(error).__name__)
        return False
    return True
