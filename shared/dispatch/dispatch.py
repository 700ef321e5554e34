"""Handing a queued job to a worker: through Cloud Tasks, or over HTTP to a worker that runs beside us."""

import logging
from functools import lru_cache
from uuid import UUID

import httpx
from opentelemetry.trace import SpanKind
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.dispatch.cloud_tasks import enqueue, get_cloud_tasks_settings
from shared.http_client import http_client
from shared.observability.logs import log_fields
from shared.observability.telemetry import span
from shared.observability.trace_context import trace_headers
from shared.settings import Settings, read_settings

logger = logging.getLogger(__name__)

DISPATCH_TIMEOUT_SECONDS = 5.0


class DispatchSettings(BaseSettings):
    """What those who hand jobs over read from the environment, besides CloudTasksSettings."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    worker_url: str = Field(pattern=r"^https?://")
    """Where the worker is reached."""


@lru_cache(maxsize=1)
def get_dispatch_settings() -> DispatchSettings:
    """The dispatch settings of this process."""
    return read_settings(DispatchSettings)


async def dispatch(job_id: UUID, settings: Settings, *, fencing_token: int | None = None) -> bool:
    """Have a job taken to a worker; return whether that is settled.

    `fencing_token` is that of the dispatch lease under which cleanup queued the job again; None when it starts.

    Never raises: a job that was not handed over keeps its short dispatch lease, and cleanup hands it over again.
    """
    attributes = {"editai.job_id": str(job_id)}
    with (
        log_fields(job_id=str(job_id)),
        span("dispatch", SpanKind.PRODUCER, attributes=attributes) as measured,
    ):
        queue, worker_url = get_cloud_tasks_settings(), get_dispatch_settings().worker_url
        if queue.cloud_tasks_queue:
            settled = await enqueue(
                job_id, fencing_token=fencing_token, worker_url=worker_url, settings=queue
            )
        else:
            settled = await _dispatch_directly(job_id, worker_url, settings)
        measured.set_attribute("editai.settled", settled)
    return settled


async def _dispatch_directly(job_id: UUID, worker_url: str, settings: Settings) -> bool:
    """Ask the worker itself.

    It answers once it has claimed the job and goes on after its answer (RFC 7240, respond-async).
    """
    try:
        async with http_client(timeout=DISPATCH_TIMEOUT_SECONDS) as client:
            response = await client.post(
                worker_url,
                json={"job_id": str(job_id)},
                headers={
                    "Authorization": f"Bearer {settings.internal_secret.get_secret_value()}",
                    "Prefer": "respond-async",
                    **trace_headers(),
                },
            )
            response.raise_for_status()
    except httpx.HTTPError as error:
        logger.warning("job %s was not handed over: %s", job_id, type(error).__name__)
        return False
    return True
