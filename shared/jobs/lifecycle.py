"""Jobs: start, claim, record, finish, cancel. One SQL function each; their rules are told there."""

import asyncio
from typing import Any, Literal
from uuid import UUID, uuid4

from shared.database.client import CALL_TIMEOUT_SECONDS, call, call_idempotent, with_deadline
from shared.errors import DatabaseUnavailable, EditAIError
from shared.jobs.fence import fencing_params, raise_if_lost
from shared.jobs.records import Clip, Job, JobKind, Lease, Record, Source
from shared.settings import Settings

StartOutcome = Literal[
    "free",
    "started",
    "replayed",
    "busy",
    "key_reused",
    "too_many_jobs",
    "project_not_found",
    "source_not_found",
]


class JobStart(Record):
    """What came of asking to start a job.

    When busy, job and lease are the holder's; job is None where a lease without a job holds the project.
    `superseded_job_id` is a job that had stopped responding, and has failed because another one started.
    """

    outcome: StartOutcome
    job: Job | None
    lease: Lease | None
    superseded_job_id: UUID | None = None


class JobClaim(Record):
    """What a worker gets for a claim; lease, sources and clips only with outcome `claimed`."""

    outcome: Literal["claimed", "running", "ended", "exhausted", "busy", "job_not_found"]
    job: Job | None
    lease: Lease | None
    sources: tuple[Source, ...] | None
    clips: tuple[Clip, ...] | None


class JobCancel(Record):
    """What came of cancelling; job None when nothing ran, or a lease without a job was removed."""

    outcome: Literal["cancelled", "idle", "project_not_found"]
    job: Job | None


class JobRequest(Record):
    """A job that someone asks for. `source` is a row for a source that comes with the request."""

    project_id: str
    owner_id: UUID | None
    kind: JobKind
    params: dict[str, Any]
    source: dict[str, Any] | None = None
    source_ids: tuple[UUID, ...] = ()
    idempotency_key: str | None = None
    request_hash: str | None = None


def _row(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """A row, or None where SQL says so with a row of nulls."""
    return value if value and any(v is not None for v in value.values()) else None


async def check_project(
    project_id: str,
    owner_id: UUID | None,
    settings: Settings,
    *,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
) -> JobStart:
    """Look whether a job could start now, writing nothing: before an upload's body is read.

    Raises DatabaseUnavailable.
    """
    answer = await call(
        "check_project",
        project_id=project_id,
        owner_id=owner_id and str(owner_id),
        idempotency_key=idempotency_key,
        request_hash=request_hash,
        max_active_jobs=settings.max_active_jobs_per_user,
    )
    return _job_start(answer)


async def start_job(
    request: JobRequest, settings: Settings, *, job_id: UUID | None = None
) -> JobStart:
    """Start a job: lease, job row and progress 0 in one transaction, or the reason why not.

    Asks once more when no answer came, while a caller's patience lasts: the same job id gets what the first call did. A
    first call without an answer may still be on its way, and start the job later than the second was refused. Then
    nobody knows: raises DatabaseUnavailable.
    """
    deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT_SECONDS
    arguments = _start_arguments(request, settings, job_id or uuid4())
    try:
        return _job_start(await call("start_job", **arguments))
    except DatabaseUnavailable:
        try:
            answer = await with_deadline(deadline, call("start_job", **arguments))
        except EditAIError:
            raise DatabaseUnavailable from None
    start = _job_start(answer)
    if start.outcome not in ("started", "replayed"):
        raise DatabaseUnavailable
    return start


def _start_arguments(request: JobRequest, settings: Settings, job_id: UUID) -> dict[str, Any]:
    return {
        "project_id": request.project_id,
        "owner_id": request.owner_id and str(request.owner_id),
        "job_id": str(job_id),
        "kind": request.kind,
        "params": request.params,
        "lease_id": str(uuid4()),
        "holder": "dispatch",
        "dispatch_ttl_seconds": settings.dispatch_ttl_seconds,
        "deadline_seconds": settings.job_deadline_seconds,
        "max_attempts": settings.job_max_attempts,
        "source": request.source,
        "source_ids": [str(source_id) for source_id in request.source_ids],
        "idempotency_key": request.idempotency_key,
        "request_hash": request.request_hash,
        "max_active_jobs": settings.max_active_jobs_per_user,
    }


def _job_start(answer: dict[str, Any]) -> JobStart:
    return JobStart.model_validate(
        answer | {"job": _row(answer["job"]), "lease": _row(answer["lease"])}
    )


async def claim_job(job_id: UUID, *, holder: str, ttl_seconds: float) -> JobClaim:
    """Claim a job for this worker, and ask once more when no answer came. Raises DatabaseUnavailable.

    The same lease id gets what the first call did. With another one, a claim whose answer was lost would hold the job
    until its lease runs out, and cost it an attempt.
    """
    requested_at = asyncio.get_running_loop().time()
    answer = await call_idempotent(
        "claim_job",
        job_id=str(job_id),
        lease_id=str(uuid4()),
        holder=holder,
        ttl_seconds=ttl_seconds,
    )
    if lease := _row(answer["lease"]):
        lease["requested_at"] = requested_at
    return JobClaim.model_validate(answer | {"job": _row(answer["job"]), "lease": lease})


async def record_clip(lease: Lease, clip: dict[str, Any]) -> Clip:
    """Record a finished clip, a checkpoint. Recording a variant again returns the first. Raises LeaseLost."""
    answer = await call("record_clip", **fencing_params(lease), clip=clip)
    raise_if_lost(lease, answer["outcome"])
    return Clip.model_validate(answer["clip"])


async def finish_job(
    lease: Lease,
    status: Literal["completed", "failed"],
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    export: dict[str, Any] | None = None,
) -> None:
    """End a job and release its lease, in one transaction. Asking again is safe.

    Raises LeaseLost, DatabaseUnavailable.
    """
    answer = await call(
        "finish_job",
        **fencing_params(lease),
        status=status,
        result=result,
        error=error,
        export=export,
    )
    raise_if_lost(lease, answer)


async def discard_outputs(lease: Lease) -> None:
    """Give up the files of an attempt whose lease was lost; cleanup removes them. Raises DatabaseUnavailable."""
    await call(
        "discard_outputs",
        project_id=lease.project_id,
        job_id=str(lease.job_id),
        fencing_token=lease.fencing_token,
    )


async def cancel_job(project_id: str, owner_id: UUID | None) -> JobCancel:
    """Cancel what runs on a project; progress and lease are removed. Raises DatabaseUnavailable."""
    answer = await call("cancel_job", project_id=project_id, owner_id=owner_id and str(owner_id))
    return JobCancel.model_validate(answer | {"job": _row(answer["job"])})
