"""Dispatches a queued job through Cloud Tasks, which delivers it to the worker until the worker accepts it.

This is one REST call. Google's async client would save about 40 lines, but it installs 26 MB more, and its import adds
106 ms of CPU to an instance (google-cloud-tasks 2.26).
Source: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
"""

import base64
import json
import logging
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.answers import WrongForm, parsed
from shared.dispatch.google_credentials import (
    AccessTokens,
    CredentialsUnavailable,
    get_access_tokens,
)
from shared.http_client import http_client
from shared.observability.trace_context import trace_headers
from shared.settings import read_settings

logger = logging.getLogger(__name__)

DISPATCH_DEADLINE = "1800s"
"""How long Cloud Tasks waits for the worker's response, which comes when the job has ended."""

ENQUEUE_TIMEOUT_SECONDS = 5.0
ALREADY_EXISTS = 409
MAX_TRIES = 2


class _Error(BaseModel):
    status: str


class _Refusal(BaseModel):
    error: _Error


class CloudTasksSettings(BaseSettings):
    """The queue for jobs; without one, jobs are dispatched directly."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    cloud_tasks_queue: str = Field(
        default="", pattern=r"^(projects/[^/]+/locations/[^/]+/queues/[^/]+)?$"
    )
    cloud_tasks_service_account: str = ""
    """The account whose ID token Cloud Tasks presents to the worker."""
    cloud_tasks_url: str = Field(
        default="https://cloudtasks.googleapis.com", pattern=r"^https?://[^/]+$"
    )

    @field_validator("cloud_tasks_service_account")
    @classmethod
    def _needs_service_account(cls, account: str, info: ValidationInfo) -> str:
        if info.data.get("cloud_tasks_queue") and not account:
            raise ValueError("set CLOUD_TASKS_SERVICE_ACCOUNT with CLOUD_TASKS_QUEUE")
        return account


@lru_cache(maxsize=1)
def get_cloud_tasks_settings() -> CloudTasksSettings:
    """The process's Cloud Tasks settings."""
    return read_settings(CloudTasksSettings)


async def enqueue(
    job_id: UUID,
    *,
    fencing_token: int | None,
    worker_url: str,
    settings: CloudTasksSettings,
    tokens: AccessTokens | None = None,
) -> bool:
    """Create the task that delivers a job to the worker; return whether it is in the queue.

    Each dispatch has its own task name. A job's first dispatch (`fencing_token` None) is named by the job's id; each
    later one also by the fencing token of the dispatch lease that cleanup granted. A retry after a lost response finds
    its name taken and changes nothing. Cleanup's dispatches need names of their own, because Cloud Tasks may refuse a
    used name for a day after its task is gone. Never raises.
    """
    name = str(job_id) if fencing_token is None else f"{job_id}-{fencing_token}"
    task = _task(job_id, f"{settings.cloud_tasks_queue}/tasks/{name}", worker_url, settings)
    problem = ""
    # The status decides whether to retry, and only the last reason is logged: stamina would need as many lines.
    for _ in range(MAX_TRIES):
        try:
            token = await (tokens or get_access_tokens()).get()
            response = await _create(task, token, settings)
        except (httpx.HTTPError, CredentialsUnavailable) as error:
            problem, retry = type(error).__name__, True
        else:
            if response.is_success or response.status_code == ALREADY_EXISTS:
                return True
            problem, retry = _reason(response), response.is_server_error
        if not retry:
            break
    logger.warning("job %s was not queued: %s", job_id, problem)
    return False


async def _create(task: dict[str, Any], token: str, settings: CloudTasksSettings) -> httpx.Response:
    async with http_client(timeout=ENQUEUE_TIMEOUT_SECONDS) as client:
        return await client.post(
            f"{settings.cloud_tasks_url}/v2/{settings.cloud_tasks_queue}/tasks",
            json={"task": task},
            headers={"Authorization": f"Bearer {token}"},
        )


def _task(job_id: UUID, name: str, worker_url: str, settings: CloudTasksSettings) -> dict[str, Any]:
    """The task to create. It does not ask for an early response: an instance has CPU only while a request is open."""
    body = json.dumps({"job_id": str(job_id)}).encode()
    return {
        "name": name,
        "dispatchDeadline": DISPATCH_DEADLINE,
        "httpRequest": {
            "url": worker_url,
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json", **trace_headers()},
            "body": base64.b64encode(body).decode(),
            "oidcToken": {
                "serviceAccountEmail": settings.cloud_tasks_service_account,
                "audience": worker_url,
            },
        },
    }


def _reason(response: httpx.Response) -> str:
    """The HTTP status and Google's name for it, without the message, which may quote a token."""
    try:
        status = parsed(response.content, _Refusal).error.status
    except WrongForm:
        status = "no reason given"
    return f"{response.status_code} {status[:100]}"
