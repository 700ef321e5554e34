"""Jobs: start, claim, record, finish, return, cancel. Each calls one SQL function, which holds the rules."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid4

from pydantic import AfterValidator, TypeAdapter, model_validator

from shared.answers import ANYTHING
from shared.database.client import CALL_TIMEOUT_SECONDS, call, call_idempotent, with_deadline
from shared.errors import DatabaseUnavailable, EditAIError
from shared.jobs.fence import WRITE_OUTCOME, Fenced, fencing_params, raise_if_lost
from shared.jobs.limits import Rate
from shared.jobs.records import Clip, Job, JobKind, Lease, Possibly, Record, Source
from shared.settings import Settings

StartOutcome = Literal[
    "free",
    "started",
    "replayed",
    "busy",
    "key_reused",
    "too_many_jobs",
    "too_many_starts",
    "too_many_probes",
    "project_not_found",
    "source_not_found",
]


class JobStart(Record):
    """The outcome of starting a job.

    When busy, `job` and `lease` are the holder's; `job` is None if a lease without a job holds the project.
    `superseded_job_id` is a job that was failed when this one started: it had stopped responding, or was still queued
    at its deadline.
    """

    outcome: StartOutcome
    job: Possibly[Job]
    lease: Possibly[Lease]
    superseded_job_id: UUID | None = None
    rate: Possibly[Rate] = None
    """Where the caller stands with starts a minute, or with probes when those are `too_many_probes`."""

    @model_validator(mode="after")
    def _has_its_job(self) -> Self:
        if self.outcome in ("started", "replayed") and self.job is None:
            raise ValueError("a start without its job")
        return self


class JobClaim(Record):
    """The outcome of a claim; lease, sources and clips are set only when it is `claimed`."""

    outcome: Literal["claimed", "running", "ended", "exhausted", "busy", "drained", "job_not_found"]
    job: Possibly[Job]
    lease: Possibly[Lease]
    sources: tuple[Source, ...] | None
    clips: tuple[Clip, ...] | None

    @model_validator(mode="after")
    def _has_its_lease(self) -> Self:
        if self.outcome == "claimed" and (self.job is None or self.lease is None):
            raise ValueError("a claim without its job or lease")
        return self


class JobCancel(Record):
    """The outcome of cancelling; `job` is None when nothing ran, or when a lease without a job was removed."""

    outcome: Literal["cancelled", "idle", "project_not_found"]
    job: Possibly[Job]


class JobRequest(Record):
    """A requested job. Its fields are named as parameters of editai_start_job.

    `source` is the row of a source that is uploaded with the request.
    """

    project_id: str
    owner_id: UUID | None
    kind: JobKind
    params: dict[str, Any]
    source: dict[str, Any] | None = None
    source_ids: tuple[UUID, ...] = ()
    idempotency_key: str | None = None
    request_hash: str | None = None
    webhook_url: str | None = None


def _other_than(outcome: StartOutcome) -> AfterValidator:
    def check(start: JobStart) -> JobStart:
        if start.outcome == outcome:
            raise ValueError("the outcome of another function")
        return start

    return AfterValidator(check)


_CHECKED: TypeAdapter[JobStart] = TypeAdapter(Annotated[JobStart, _other_than("started")])
_STARTED: TypeAdapter[JobStart] = TypeAdapter(Annotated[JobStart, _other_than("free")])


class _Recorded(Fenced):
    clip: Possibly[Clip]


class _Returned(Fenced):
    dispatch_token: int | None


async def check_project(
    project_id: str,
    owner_id: UUID | None,
    settings: Settings,
    *,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
    max_probes_per_minute: int | None = None,
) -> JobStart:
    """Check, without writing, whether a job could start now. Called before an upload's body is read.

    With `max_probes_per_minute`, also whether the caller's upload could be probed.

    Raises DatabaseUnavailable.
    """
    return await call(
        "check_project",
        _CHECKED,
        repeatable=True,
        project_id=project_id,
        owner_id=owner_id and str(owner_id),
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        max_active_jobs=settings.max_active_jobs_per_user,
        max_starts_per_minute=settings.max_starts_per_minute,
        max_probes_per_minute=max_probes_per_minute,
    )


async def start_job(
    request: JobRequest, settings: Settings, *, job_id: UUID | None = None
) -> JobStart:
    """Start a job: lease, job row and progress 0 in one transaction. Otherwise return the reason why not.

    Retries once when no response came, within one call's timeout; the same job id gets the result of the first call.
    A first call without a response may still be in flight, and may start the job after the retry was refused. The
    outcome is then unknown: raises DatabaseUnavailable.
    """
    deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT_SECONDS
    arguments: dict[str, Any] = {
        **request.model_dump(mode="json"),
        "job_id": str(job_id or uuid4()),
        "lease_id": str(uuid4()),
        "holder": "dispatch",
        "dispatch_ttl_seconds": settings.dispatch_ttl_seconds,
        "deadline_seconds": settings.job_deadline_seconds,
        "max_attempts": settings.job_max_attempts,
        "max_active_jobs": settings.max_active_jobs_per_user,
        "max_starts_per_minute": settings.max_starts_per_minute,
    }
    try:
        return await call("start_job", _STARTED, **arguments)
    except DatabaseUnavailable:
        try:
            start = await with_deadline(deadline, call("start_job", _STARTED, **arguments))
        except EditAIError:
            raise DatabaseUnavailable from None
    if start.outcome not in ("started", "replayed"):
        raise DatabaseUnavailable
    return start


_NEXT: TypeAdapter[UUID | None] = TypeAdapter(UUID | None)


async def next_job(
    job_id: UUID | None,
    *,
    kinds: Sequence[str],
    tried: Sequence[UUID] = (),
    is_last_slot: bool = False,
) -> UUID | None:
    """The job to claim with a free slot, or None: the queued job of these kinds whose turn it is.

    `job_id` is returned if it does not wait, or is of another kind, so that a claim says what becomes of it.

    `is_last_slot` says that this is the last free slot of several; an owner's second heavy job does not get it.
    Raises DatabaseUnavailable.
    """
    return await call(
        "next_job",
        _NEXT,
        repeatable=True,
        job_id=job_id and str(job_id),
        kinds=list(kinds),
        tried=[str(each) for each in tried],
        is_last_slot=is_last_slot,
    )


async def claim_job(job_id: UUID, *, holder: str, ttl_seconds: float) -> JobClaim:
    """Claim a job for this worker; retry once when no response came. Raises DatabaseUnavailable.

    The retry uses the same lease id, so it gets the result of the first call. With a new id, a claim whose response was
    lost would hold the job until its lease expires, and cost it an attempt.
    """
    requested_at = asyncio.get_running_loop().time()
    claim = await call_idempotent(
        "claim_job",
        JobClaim,
        job_id=str(job_id),
        lease_id=str(uuid4()),
        holder=holder,
        ttl_seconds=ttl_seconds,
    )
    lease = claim.lease and claim.lease.model_copy(update={"requested_at": requested_at})
    return claim.model_copy(update={"lease": lease})


async def record_clip(lease: Lease, clip: dict[str, Any], *, percentage: int | None = None) -> Clip:
    """Record a finished clip as a checkpoint. A variant that is already recorded is returned. Raises LeaseLost.

    `percentage` is the job's progress with this clip, where the next attempt begins.
    """
    recorded = await call(
        "record_clip",
        _Recorded,
        repeatable=True,
        **fencing_params(lease),
        clip=clip,
        percentage=percentage,
    )
    raise_if_lost(lease, recorded.outcome)
    if recorded.clip is None:
        raise DatabaseUnavailable
    return recorded.clip


async def record_checkpoint(
    lease: Lease, state: dict[str, Any], *, percentage: int | None = None
) -> None:
    """Save the state after which the job's next attempt continues. Safe to retry. Raises LeaseLost.

    `percentage` is the job's progress with it, where the next attempt begins.
    """
    outcome = await call(
        "record_checkpoint",
        WRITE_OUTCOME,
        repeatable=True,
        **fencing_params(lease),
        checkpoint=state,
        percentage=percentage,
    )
    raise_if_lost(lease, outcome)


async def finish_job(
    lease: Lease,
    status: Literal["completed", "failed"],
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    export: dict[str, Any] | None = None,
) -> None:
    """End a job and release its lease, in one transaction. Safe to retry.

    Raises LeaseLost, DatabaseUnavailable.
    """
    outcome = await call(
        "finish_job",
        WRITE_OUTCOME,
        repeatable=True,
        **fencing_params(lease),
        status=status,
        result=result,
        error=error,
        export=export,
    )
    raise_if_lost(lease, outcome)


async def return_job(lease: Lease, *, dispatch_ttl_seconds: float) -> int:
    """Give a job back without a cost of its attempt; return the token of its dispatch lease, to dispatch it with.

    Safe to retry. Raises LeaseLost, DatabaseUnavailable.
    """
    returned = await call(
        "return_job",
        _Returned,
        repeatable=True,
        **fencing_params(lease),
        dispatch_ttl_seconds=dispatch_ttl_seconds,
    )
    raise_if_lost(lease, returned.outcome)
    if returned.dispatch_token is None:
        raise DatabaseUnavailable
    return returned.dispatch_token


async def abandon_job(lease: Lease, code: str, *, ttl_seconds: float) -> None:
    """Let the lease of an attempt that gives up end soon, and note why. Raises LeaseLost, DatabaseUnavailable."""
    outcome = await call(
        "abandon_job",
        WRITE_OUTCOME,
        repeatable=True,
        **fencing_params(lease),
        ttl_seconds=ttl_seconds,
        code=code,
    )
    raise_if_lost(lease, outcome)


async def discard_outputs(lease: Lease) -> None:
    """Mark the files of an attempt that lost its lease for cleanup to remove. Raises DatabaseUnavailable."""
    await call(
        "discard_outputs",
        ANYTHING,
        repeatable=True,
        project_id=lease.project_id,
        job_id=str(lease.job_id),
        fencing_token=lease.fencing_token,
    )


async def cancel_job(project_id: str, owner_id: UUID | None) -> JobCancel:
    """Cancel a project's active job and remove its progress and lease. Raises DatabaseUnavailable."""
    return await call(
        "cancel_job", JobCancel, project_id=project_id, owner_id=owner_id and str(owner_id)
    )
