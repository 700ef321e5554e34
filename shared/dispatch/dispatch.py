"""Dispatches a queued job to a worker: through Cloud Tasks, or directly to the worker over HTTP."""

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
from shared.settings import Settings, read_settings, secret_of

logger = logging.getLogger(__name__)

DISPATCH_TIMEOUT_SECONDS = 5.0


class DispatchSettings(BaseSettings):
    """The settings of functions that dispatch jobs, in addition to CloudTasksSettings."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    worker_url: str = Field(pattern=r"^https?://")
    """The URL of the worker."""
    worker_urls: dict[str, str] = Field(default={})
    """The URLs of the functions that run other kinds of job, by kind, as JSON."""

    def url_for(self, kind: str | None) -> str:
        """The URL of the function that runs jobs of a kind."""
        return self.worker_urls.get(kind or "", self.worker_url)


@lru_cache(maxsize=1)
def get_dispatch_settings() -> DispatchSettings:
    """The process's dispatch settings."""
    return read_settings(DispatchSettings)


async def dispatch(
    job_id: UUID, settings: Settings, *, kind: str | None = None, fencing_token: int | None = None
) -> bool:
    """Dispatch a job to the worker of its kind; return whether it was dispatched.

    `fencing_token` is that of the dispatch lease under which cleanup requeued the job; None for a job that starts.

    Never raises. A job that was not dispatched stays queued and holds its project; cleanup dispatches it again when
    `dispatch_ttl_seconds` have passed.
    """
    attributes = {"editai.job_id": str(job_id)}
    with (
        log_fields(job_id=str(job_id)),
        span("dispatch", SpanKind.PRODUCER, attributes=attributes) as dispatch_span,
    ):
        queue, worker_url = get_cloud_tasks_settings(), get_dispatch_settings().url_for(kind)
        if queue.cloud_tasks_queue:
            dispatched = await enqueue(
                job_id, fencing_token=fencing_token, worker_url=worker_url, settings=queue
            )
        else:
            dispatched = await _dispatch_directly(job_id, worker_url, settings)
        dispatch_span.set_attribute("editai.settled", dispatched)
    return dispatched


async def _dispatch_directly(job_id: UUID, worker_url: str, settings: Settings) -> bool:
    """Post the job to the worker.

    The worker responds once it has claimed the job, and continues after its response (RFC 7240, respond-async).
    """
    try:
        async with http_client(timeout=DISPATCH_TIMEOUT_SECONDS) as client:
            response = await client.post(
                worker_url,
                json={"job_id": str(job_id)},
                headers={
                    "Authorization": f"Bearer {secret_of(settings)}",
                    "Prefer": "respond-async",
                    **trace_headers(),
                },
            )
            response.raise_for_status()
    except httpx.HTTPError as error:
        logger.warning("job %s was not dispatched: %s", job_id, type(error).__name__)
        return False
    return True
