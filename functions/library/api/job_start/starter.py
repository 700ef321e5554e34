"""Starts jobs of every kind: waits while the project is busy, replays an earlier start, or accepts or refuses it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api.http.security import CurrentCaller
from api.job_start.rate_limit import rate_limit_headers
from api.job_start.wait_slot import MAX_WAITING_PER_USER, client_disconnected, wait_slot
from api.openapi.responses import IDEMPOTENCY_REPLAYED, JOB_STATUS
from api.settings import get_library_settings
from shared.api_models import JobAccepted, StartedJob
from shared.auth.users import Caller
from shared.dispatch.dispatch import dispatch
from shared.errors import EditAIError
from shared.jobs.leases import wait_before, wait_steps
from shared.jobs.lifecycle import JobRequest, JobStart, check_project, start_job
from shared.jobs.records import Job
from shared.jobs.start_refusals import log_superseded, start_refusal
from shared.observability.logs import log_fields
from shared.observability.telemetry import meter
from shared.serving.ending import is_ending
from shared.settings import get_settings

logger = logging.getLogger(__name__)

_wait_duration = meter.create_histogram("editai.wait.duration", unit="s")

MAX_WAIT_SECONDS = 300
RETRIABLE_OUTCOMES = ("busy", "too_many_jobs")

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="A key of your choice, one per job to start. A retry with the same key and the "
        "same request gets the first response again and starts no second job; the header `Job-Status` "
        "tells the job's status now. The same key with "
        "a different request gets 422. A key may be forgotten a day or more after its job has ended: "
        "by default after seven.",
        examples=["4f1c0c9e-6c1a-4f0c-9a53-3d2a52a4b2d1"],
    ),
]
Prefer = Annotated[
    list[str] | None,
    Header(
        description="`wait=N` (RFC 7240), for instance `wait=30`: while the project is busy or you have too many "
        "active jobs, wait up to N seconds, at most 300, before the 409 or 429. At most "
        f"{MAX_WAITING_PER_USER} requests of a user wait at a time; a further one gets its response "
        "at once, without `Preference-Applied`. If the client disconnects during the wait, no job "
        "is started.",
    ),
]


@dataclass(kw_only=True)
class JobStarter:
    """A request to start a job, and the seconds that it may still wait."""

    caller: Caller
    idempotency_key: str | None
    preferred_wait: int | None
    wait_seconds_left: float
    client_disconnected: Callable[[], bool]
    is_replay: bool = False
    """Whether the job was started by an earlier request with the same idempotency key."""
    _result: JobStart | None = None

    async def check(self, project_id: str, *, max_probes_per_minute: int | None = None) -> None:
        """Raise, before the body is read, if the job could not start now. Writes nothing.

        Raises ProjectNotFound, ProjectBusy, TooManyJobs, LimitReached, DatabaseUnavailable, ClientDisconnect.
        """
        check = await self._retry_while_busy(
            lambda: check_project(
                project_id,
                self.caller.owner_id,
                get_settings(),
                idempotency_key=self.idempotency_key,
                max_probes_per_minute=max_probes_per_minute,
            )
        )
        if check.outcome not in ("free", "replayed"):
            raise self._error_for(check)

    async def start(self, request: JobRequest, job_id: UUID) -> Job:
        """Start and dispatch the job, and return it. If this idempotency key has already started one, return that job.

        Raises ProjectNotFound, SourceNotFound, ProjectBusy, TooManyJobs, LimitReached, IdempotencyKeyReused;
        ClientDisconnect if the client has left before the start; DatabaseUnavailable if it is unknown whether the job
        has started.
        """
        start = await self._retry_while_busy(
            lambda: start_job(request, get_settings(), job_id=job_id)
        )
        if start.job is None or start.outcome not in ("started", "replayed"):
            raise self._error_for(start)
        log_superseded(request.project_id, start.superseded_job_id)
        self._measure_wait("started")
        self._result = start
        self.is_replay = start.job.id != job_id
        if not self.is_replay:
            with log_fields(project_id=request.project_id):
                await dispatch(job_id, get_settings(), kind=request.kind)
        return start.job

    async def _retry_while_busy(self, attempt: Callable[[], Awaitable[JobStart]]) -> JobStart:
        """Make an attempt; while its outcome is retriable, wait and retry for as long as this request may wait.

        A process that has to end waits no longer.
        """
        result = await self._call_while_connected(attempt)
        if result.outcome not in RETRIABLE_OUTCOMES or self.wait_seconds_left <= 0:
            return result
        with wait_slot(self.caller) as granted:
            if not granted:
                self.preferred_wait = None
                return result
            return await self._wait_and_retry(attempt, result)

    async def _wait_and_retry(
        self, attempt: Callable[[], Awaitable[JobStart]], result: JobStart
    ) -> JobStart:
        now = asyncio.get_running_loop().time
        deadline, steps = now() + self.wait_seconds_left, wait_steps()
        try:
            while (
                result.outcome in RETRIABLE_OUTCOMES
                and not is_ending()
                and await wait_before(deadline, steps)
            ):
                result = await self._call_while_connected(attempt)
        finally:
            self.wait_seconds_left = max(0, deadline - now())
        return result

    async def _call_while_connected(self, attempt: Callable[[], Awaitable[JobStart]]) -> JobStart:
        if self.client_disconnected():
            raise ClientDisconnect
        return await attempt()

    def _measure_wait(self, outcome: str) -> None:
        waited_seconds = (self.preferred_wait or 0) - self.wait_seconds_left
        if waited_seconds > 0:
            _wait_duration.record(waited_seconds, {"editai.outcome": outcome})

    def _error_for(self, start: JobStart) -> EditAIError:
        self._measure_wait(start.outcome)
        self._result = start
        return start_refusal(start, get_settings(), headers=self.headers())

    def headers(self) -> dict[str, str]:
        """The response headers that name the applied preference, and the caller's limits."""
        limits = rate_limit_headers(self.caller, self._result, get_settings())
        if self.preferred_wait is None:
            return limits
        return {"Preference-Applied": f"wait={self.preferred_wait}", **limits}

    def _replayed(self) -> dict[str, str]:
        return {IDEMPOTENCY_REPLAYED: "true"} if self.is_replay else {}

    def accepted(self, job: Job) -> Response:
        """The 202 for a job. Its body is the same for every replay; its headers say what the job's status is now."""
        base_url = get_library_settings().public_url
        url = f"{base_url}/projects/{job.project_id}/progress"
        content = JobAccepted(
            job=StartedJob.model_validate(job.model_dump(exclude={"status"})),
            job_url=f"{base_url}/jobs/{job.id}",
            progress_url=url,
        )
        return Response(
            content.model_dump_json(),
            status_code=202,
            headers={"Location": url, JOB_STATUS: job.status, **self._replayed(), **self.headers()},
            media_type="application/json",
        )

    def request_hash(self, **request: Any) -> str | None:
        """The hash that requests with the same idempotency key must share; None without a key."""
        if self.idempotency_key is None:
            return None
        canonical = json.dumps(request, sort_keys=True, separators=(",", ":"), default=str)
        return sha256(canonical.encode()).hexdigest()


def preferred_wait(prefer: list[str] | None) -> int | None:
    """The seconds of `wait=N`, at most 300, or None if there is no `wait`. Other preferences are ignored."""
    for preference in ",".join(prefer or []).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        seconds = value.strip().strip('"')
        if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdecimal():
            return min(int(seconds[:9]), MAX_WAIT_SECONDS)
    return None


async def job_starter(
    request: Request,
    caller: CurrentCaller,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> JobStarter:
    """A JobStarter from a request's headers."""
    wait = preferred_wait(prefer)
    return JobStarter(
        caller=caller,
        idempotency_key=idempotency_key,
        preferred_wait=wait,
        wait_seconds_left=wait or 0,
        client_disconnected=client_disconnected(request),
    )


StartsJob = Annotated[JobStarter, Depends(job_starter)]
