"""What the SQL functions promise, written a second time in Python: one project, one job at a time.

Deliberately simple: it has no locks and no transactions, only the rules. Times are seconds after START.
"""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from tests.sql.values import DISPATCH_TTL, TTL

MAX_ATTEMPTS = 2
MAX_ACTIVE_JOBS = 1
DEADLINE = 200.0


@dataclass(kw_only=True)
class ModelJob:
    """A job; `token` is that of its running attempt, or of the last."""

    id: UUID
    deadline: float
    dispatch_due: float = 0
    status: Literal["queued", "running", "completed", "failed", "cancelled"] = "queued"
    attempt: int = 0
    token: int | None = None

    @property
    def active(self) -> bool:
        return self.status in ("queued", "running")


@dataclass(frozen=True, kw_only=True)
class ModelLease:
    """A lease row; it may have expired."""

    lease_id: UUID
    token: int
    expires: float
    job: ModelJob | None

    def live(self, now: float) -> bool:
        return self.expires > now


@dataclass(kw_only=True)
class Model:
    """The state that the project must have."""

    now: float = 0
    lease: ModelLease | None = None
    job: ModelJob | None = None
    percentage: int | None = None
    progress_token: int | None = None
    checkpoint: int = 0
    clips: set[int] = field(default_factory=set[int])
    last_token: int = 0
    elsewhere: bool = False
    """Whether another project of the owner's has a job; with MAX_ACTIVE_JOBS of 1 that is one too many."""

    def live_lease(self) -> ModelLease | None:
        return self.lease if self.lease and self.lease.live(self.now) else None

    def holder(self) -> "ModelLease | ModelJob | None":
        """What keeps others off the project: a live lease, or a queued job that is not past its deadline."""
        waits = (
            self.job is not None and self.job.status == "queued" and self.job.deadline > self.now
        )
        return self.live_lease() or (self.job if waits else None)

    def holds(self, lease_id: UUID, token: int) -> bool:
        """True if token and lease id are those of the live lease."""
        live = self.live_lease()
        return live is not None and (live.lease_id, live.token) == (lease_id, token)

    def grant(self, lease_id: UUID, token: int, job: ModelJob | None, ttl: float) -> None:
        """A new lease. Tokens increase with every grant, however the earlier leases ended."""
        assert token > self.last_token, f"token {token} after {self.last_token}"
        self.last_token = token
        expires = min(self.now + ttl, job.deadline) if job else self.now + ttl
        self.lease = ModelLease(lease_id=lease_id, token=token, expires=expires, job=job)

    def renew(self) -> None:
        lease = self.lease
        assert lease is not None
        expires = self.now + TTL
        if lease.job:
            expires = min(expires, lease.job.deadline)
        self.lease = ModelLease(
            lease_id=lease.lease_id, token=lease.token, expires=expires, job=lease.job
        )

    def begin(self, token: int) -> None:
        """A claim begins its attempt's progress where the recorded clips stand."""
        self.percentage, self.progress_token = self.checkpoint, token

    def record(self, percentage: int) -> None:
        """A recorded clip shows its progress at once. Without a row, which a cancel removed, it shows nothing."""
        if self.percentage is not None and percentage > self.checkpoint:
            self.checkpoint = percentage
            self.percentage = max(self.percentage, percentage)

    def beat(self, percentage: int, token: int) -> None:
        """Progress never goes down within an attempt; a new attempt may show less."""
        if self.progress_token == token and self.percentage is not None:
            percentage = max(percentage, self.percentage)
        self.percentage, self.progress_token = percentage, token

    def supersede(self) -> None:
        if self.job and self.job.active:
            self.job.status = "failed"

    def start_outcome(self) -> str:
        if self.holder():
            return "busy"
        return "too_many_jobs" if self.elsewhere else "started"

    def start(self, job: ModelJob, lease_id: UUID, token: int) -> None:
        self.supersede()
        self.job = job
        self.queue(lease_id, token, job)
        self.checkpoint = 0
        self.begin(token)

    def queue(self, lease_id: UUID, token: int, job: ModelJob) -> None:
        """The job waits for a worker, under a dispatch lease."""
        job.status, job.dispatch_due = "queued", self.now + DISPATCH_TTL
        self.grant(lease_id, token, job, DISPATCH_TTL)

    def is_due(self) -> bool:
        """True if cleanup has something to do: for a queued job the time of its dispatch counts, not its lease."""
        job = self.job
        if job is not None and job.status == "queued":
            return min(job.dispatch_due, job.deadline) <= self.now
        return self.lease is not None and not self.lease.live(self.now)

    def claim_outcome(self, job: ModelJob, lease_id: UUID) -> str:
        live = self.live_lease()
        if not job.active:
            return "ended"
        if live and live.job is not job:
            return "busy"
        if live and job.status == "running":
            return "claimed" if live.lease_id == lease_id else "running"
        return "exhausted" if self.exhausted(job) else "claimed"

    def exhausted(self, job: ModelJob) -> bool:
        return job.attempt >= MAX_ATTEMPTS or job.deadline <= self.now

    def end(self, status: Literal["completed", "failed", "cancelled"]) -> None:
        assert self.job is not None
        self.job.status = status
        self.lease = None
        if status == "completed" and self.percentage is not None:
            self.percentage = 100
        if status == "cancelled":
            self.percentage, self.checkpoint = None, 0
