"""Handles a delivery: claims the job whose turn it is and, once claimed, runs it.

A delivery is a wake-up. Which queued job is run next is decided when a slot is free, by SQL, so that users take turns.
"""

import asyncio
import logging
import os
import secrets
import socket
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.errors import EditAIError, InvalidRequest, ProjectBusy, ServiceUnavailable
from shared.jobs.lifecycle import JobClaim, claim_job, next_job
from shared.observability.logs import log_fields
from shared.observability.telemetry import flush, span
from shared.running.attempt import run_job
from shared.running.recipes import AnyRecipes
from shared.serving.ending import is_ending, keep_until_done
from shared.settings import get_settings, read_settings
from shared.webhooks.sending import deliver_now, deliver_soon

logger = logging.getLogger(__name__)


NOTHING_WAITS = "nothing waits"


class WorkerSettings(BaseSettings):
    """Settings that only functions that run jobs read from the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    worker_concurrency: int = Field(default=2, ge=1)
    """How many jobs one instance runs at once."""
    attempt_seconds: float | None = Field(default=None, gt=0)
    """When an attempt is abandoned: just before the platform ends its request, and takes the CPU away with it."""


class Delivery(BaseModel):
    """The body of a delivery."""

    job_id: UUID


_PROCESS = secrets.token_hex(3)
"""Tells processes apart: those of Cloud Run's instances have the same id."""

_running: set[asyncio.Task[str]] = set()
"""References to the tasks of running jobs, so that they are not collected. A job's state is its lease, not this."""


async def deliver(request: Request, recipes: AnyRecipes) -> Response:
    """Respond to a delivery when the job has ended, or with `Prefer: respond-async` once it is claimed (RFC 7240).

    Raises InvalidRequest; ServiceUnavailable when all slots are in use, the worker is ending, or it ended before
    another worker was told of the job; ProjectBusy when another holder has the project's lease.
    """
    try:
        delivery = Delivery.model_validate_json(await request.body())
    except ValidationError:
        raise InvalidRequest('The body must be {"job_id": "<uuid>"}.') from None
    fields = request.state.log_fields = {"job_id": str(delivery.job_id)}
    settings = read_settings(WorkerSettings)
    if is_ending():
        raise ServiceUnavailable("This worker is ending.")
    if len(_running) >= settings.worker_concurrency:
        raise ServiceUnavailable("All slots of this worker are in use.")
    with log_fields(**fields):
        runs_on = "respond-async" in request.headers.get("prefer", "")
        run = _run(delivery.job_id, recipes, claimed := asyncio.Event(), runs_on=runs_on)
        task = asyncio.create_task(run)
    _running.add(task)
    task.add_done_callback(_running.discard)
    keep_until_done(task)
    if not runs_on:
        return _ended(await asyncio.shield(task))
    waiting = asyncio.create_task(claimed.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        return _ended(task.result())
    return JSONResponse({"outcome": "claimed"}, status_code=202)


def _ended(outcome: str) -> Response:
    """The response when an attempt has ended: a queue does not repeat the delivery, unless the job waits for it."""
    if outcome == "left":
        raise ServiceUnavailable("This worker is ending. The job is to be delivered again.")
    return JSONResponse({"outcome": outcome})


async def _run(job_id: UUID, recipes: AnyRecipes, claimed: asyncio.Event, *, runs_on: bool) -> str:
    """Run the job whose turn it is, and return how that ended, or why no job was claimed.

    With `runs_on`, which only a process may do that has its CPU between requests, the slot then goes on with the next
    job: no queue repeats the deliveries that were refused meanwhile.
    """
    outcome = await _run_next(job_id, recipes, claimed)
    while runs_on and claimed.is_set() and not is_ending():
        try:
            if await _run_next(None, recipes, claimed) == NOTHING_WAITS:
                break
        except EditAIError as error:
            logger.warning("the next job is left to cleanup: %s", error.slug)
            break
    return outcome


async def _run_next(job_id: UUID | None, recipes: AnyRecipes, claimed: asyncio.Event) -> str:
    """Claim the job whose turn it is and run it to its end. Return how it ended, or why none was claimed."""
    settings = read_settings(WorkerSettings)
    claim = await _claim_next(
        job_id, recipes, is_last_slot=_is_last_slot(settings.worker_concurrency)
    )
    if claim is None:
        return NOTHING_WAITS
    if claim.outcome == "busy":
        raise ProjectBusy
    if claim.job is None or claim.outcome != "claimed":
        logger.info("the job is not run: %s", claim.outcome, extra={"outcome": claim.outcome})
        return claim.outcome
    claimed.set()
    deliver_soon(claim.job.id)
    ids = _ids(claim)
    attributes = {f"editai.{name}": ids[name] for name in ids if name != "project_id"}
    try:
        with log_fields(**ids), span("job", SpanKind.CONSUMER, attributes=attributes) as job_span:
            outcome = await run_job(claim, recipes, attempt_seconds=settings.attempt_seconds)
            job_span.set_attribute("editai.outcome", outcome)
            await deliver_now(claim.job.id)
            return outcome
    finally:
        await flush()


async def _claim_next(
    job_id: UUID | None, recipes: AnyRecipes, *, is_last_slot: bool
) -> JobClaim | None:
    """Claim the queued job of this worker's kinds whose turn it is.

    If none waits, the claim tells what became of the delivered job.

    None: no job waits. Raises ServiceUnavailable if the delivered job waits, and this slot is not for it.
    """
    tried: dict[UUID, JobClaim] = {}
    while next_id := await next_job(
        job_id, kinds=recipes.kinds, tried=tuple(tried), is_last_slot=is_last_slot
    ):
        claim = await claim_job(
            next_id, holder=_holder(), ttl_seconds=get_settings().lease_ttl_seconds
        )
        if claim.outcome == "claimed":
            return claim
        if claim.outcome == "drained":
            raise ServiceUnavailable("This worker gets no further jobs.")
        tried[next_id] = claim  # another worker was faster, or its job does not wait
    if job_id is None:
        return None
    if job_id not in tried:
        raise ServiceUnavailable("The last slot of this worker is kept for other users.")
    return tried[job_id]


def _is_last_slot(slots: int) -> bool:
    """Whether a task of `_running` is about to take the last slot of several."""
    return 1 < slots <= len(_running)


def _ids(claim: JobClaim) -> dict[str, Any]:
    """The log fields that identify an attempt."""
    if claim.job is None or claim.lease is None:
        return {}
    return {
        "job_id": str(claim.job.id),
        "project_id": claim.job.project_id,
        "kind": claim.job.kind,
        "attempt": claim.job.attempt,
        "fencing_token": claim.lease.fencing_token,
    }


def _holder() -> str:
    """The name of this process, for operators: who holds what, and whom to drain.

    Cloud Run names no instance, so its revision comes first. Ownership is proved by lease id and token.
    """
    place = os.environ.get("K_REVISION") or socket.gethostname()
    return f"worker {place} {os.getpid()}-{_PROCESS}"
