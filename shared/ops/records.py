"""What operators see, as frozen values. Ages are told by `read_at`, the database's time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.jobs.records import JobKind, JobStatus, Record


class OpsJob(Record):
    """A job, with the lease, holder and progress of an active one."""

    id: UUID
    project_id: str
    owner_id: UUID
    kind: JobKind
    status: JobStatus
    attempt: int
    max_attempts: int
    dispatches: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    dispatch_due_at: datetime | None
    error: dict[str, Any] | None
    holder: str | None
    fencing_token: int | None
    acquired_at: datetime | None
    expires_at: datetime | None
    stalled_at: datetime | None
    percentage: int | None
    current_step: str | None
    progress_at: datetime | None
    changed_at: datetime | None
    read_at: datetime

    def seconds_since(self, moment: datetime | None) -> float:
        """How long ago a moment was; 0 for one that is not known."""
        return (self.read_at - moment).total_seconds() if moment else 0.0


class OpsLease(Record):
    """A lease of a project or another key, and its job if it is one's."""

    project_id: str
    holder: str
    fencing_token: int
    acquired_at: datetime
    expires_at: datetime
    stalled_at: datetime | None
    deadline_at: datetime | None
    job_id: UUID | None
    kind: JobKind | None
    status: JobStatus | None
    read_at: datetime


class OpsQueue(Record):
    """The active jobs of one kind."""

    kind: JobKind
    queued: int
    running: int
    oldest_at: datetime | None
    most_dispatches: int | None
    read_at: datetime


class CleanupRun(Record):
    """The last cleanup of one that runs it."""

    runner: str
    ended_at: datetime
    duration_seconds: float
    failed_steps: tuple[str, ...]
    counts: dict[str, int]
    completed_at: datetime | None
    read_at: datetime


class JobEvent(Record):
    """Something that happened to a job."""

    event: str
    at: datetime
    attempt: int
    fencing_token: int | None
    holder: str | None
    percentage: int | None
    current_step: str | None
    code: str | None


class Drain(Record):
    """Workers, by the beginning of their holder's name, that get no further jobs."""

    holder: str
    since: datetime


class Overview(Record):
    """All that is active, as a check reads it."""

    jobs: tuple[OpsJob, ...]
    leases: tuple[OpsLease, ...]
    queue: tuple[OpsQueue, ...]
    cleanup: tuple[CleanupRun, ...]
    drains: tuple[Drain, ...]


class Finding(Record):
    """Something that is wrong: a stable code, what it is, and the commands that put it right."""

    code: str
    what: str
    then: tuple[str, ...] = ()


class JobStory(Record):
    """One job's whole story. `findings` explain why it is not done."""

    job: OpsJob
    events: tuple[JobEvent, ...]
    findings: tuple[Finding, ...] = ()
    log_query: str
