"""The state of a project in the replay of the audit trail."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.faults.evidence.entries import Entry, Row, seconds

REMEMBERED = 400
"""How many lease spans are kept to check conflicts: far more than one request can overlap."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A row of editai_locks. The SQL inserts a vacant row first, and grants it in the same transaction."""

    lease_id: str
    holder: str
    token: int
    job_id: str | None
    acquired_at: float
    expires_at: float
    deadline_at: float | None

    @classmethod
    def of(cls, row: Row | None) -> "Lock | None":
        """A row as a value."""
        if row is None:
            return None
        deadline = row["deadline_at"]
        return cls(
            lease_id=row["lease_id"],
            holder=row["holder"],
            token=row["fencing_token"],
            job_id=row["job_id"],
            acquired_at=seconds(row["acquired_at"]),
            expires_at=seconds(row["expires_at"]),
            deadline_at=None if deadline is None else seconds(deadline),
        )

    @property
    def is_vacant(self) -> bool:
        """True for a row that has not been granted yet."""
        return self.token == 0


@dataclass(kw_only=True)
class Span:
    """When a lease was live, or when a job was queued."""

    holder_id: str
    """The lease's id, or the job's."""
    begun_at: float
    ended_at: float


def end_of(result: Any, error: Any) -> int:
    """A job's result and error as one number, because an hour's jobs are kept in memory."""
    return hash(json.dumps([result, error], sort_keys=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class PastJob:
    """A job's last status, the token of its last attempt, and its `end` (see end_of)."""

    status: str
    token: int | None
    end: int


@dataclass(kw_only=True)
class ProjectState:
    """A project or any other key: its lease, its jobs, and what has been replayed of them so far."""

    txid: str | None = None
    lock: Lock | None = None
    lock_written_at: float | None = None
    lock_written_by: str = ""
    lock_txid: str | None = None
    """The transaction that wrote the lease last: it has held the row since, so its writes were decided then."""
    highest_token: int = 0
    seq: int = 0
    committed_at: float = float("-inf")
    """The commit time of the last entry."""
    removed_live: Lock | None = None
    """A live lease that the current transaction has removed."""
    taken_back: str | None = None
    """The job whose attempt the current transaction has uncounted, because its worker gives it back."""
    exported: str | None = None
    """The job whose export the current transaction has recorded."""
    jobs: dict[str, Row] = field(default_factory=dict[str, Row])
    past_jobs: dict[str, PastJob] = field(default_factory=dict[str, PastJob])
    """Every job so far, also of deleted projects."""
    attempts: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """The job and attempt of each token."""
    spans: deque[Span] = field(default_factory=lambda: deque[Span](maxlen=REMEMBERED))
    waits: deque[Span] = field(default_factory=lambda: deque[Span](maxlen=REMEMBERED))
    """When jobs were queued."""
    leases: dict[str, int] = field(default_factory=dict[str, int])
    """The token of every granted lease, by lease id."""
    renewed: dict[str, set[float]] = field(default_factory=dict[str, set[float]])
    """The ends that each lease's renewals have set, by lease id."""
    released: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """The times of each lease's releases, by lease id."""
    progress: dict[int, int] = field(default_factory=dict[int, int])
    """The highest percentage written under each token."""
    shown_token: int | None = None
    """The token of the progress row that readers see."""
    cleared: deque[float] = field(default_factory=lambda: deque[float](maxlen=REMEMBERED))
    """When progress rows were removed."""
    returned: deque[float] = field(default_factory=lambda: deque[float](maxlen=REMEMBERED))
    """When jobs were given back: the next attempt has the same number, and begins where the recorded clips stand."""
    requeued: dict[int, int | None] = field(default_factory=dict[int, "int | None"])
    """By the token of each dispatch lease, the token of the attempt before it."""
    clips: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """The clips of each job, with the token that each was recorded under."""

    def begin(self, entry: Entry) -> bool:
        """Begin a transaction. Returns False if it was committed before the previous one."""
        in_order = entry.seq > self.seq and entry.committed_at >= self.committed_at
        self.txid, self.committed_at = entry.txid, entry.committed_at
        self.removed_live = self.exported = self.taken_back = None
        return in_order

    def grant(self, lock: Lock, at: float, committed_at: float) -> None:
        """A lease begins. For other transactions, the previous one is live until this commit."""
        self.leases[lock.lease_id] = lock.token
        self._cut(committed_at)
        self.spans.append(Span(holder_id=lock.lease_id, begun_at=at, ended_at=lock.expires_at))

    def renew(self, lock: Lock, committed_at: float) -> None:
        """The lease's end changes. An end in the past becomes visible to others at the commit."""
        self.renewed.setdefault(lock.lease_id, set()).add(lock.expires_at)
        if self.spans:
            self.spans[-1].ended_at = max(lock.expires_at, committed_at)

    def end(self, committed_at: float) -> None:
        """The lease's row was removed."""
        self._cut(committed_at)

    def release(self, lock: Lock, at: float) -> None:
        """The lease's holder released it."""
        self.released.setdefault(lock.lease_id, []).append(at)

    def _cut(self, at: float) -> None:
        if self.spans:
            self.spans[-1].ended_at = min(self.spans[-1].ended_at, at)

    def job(self, row: Row, at: float, committed_at: float) -> None:
        """Take over a job's current row. For others, a queued job waits until its next state is committed."""
        self.stop_waiting(row["id"], committed_at)
        if row["status"] == "queued":
            until = seconds(row["deadline_at"])
            self.waits.append(Span(holder_id=row["id"], begun_at=at, ended_at=until))
            if self.lock is not None:
                self.requeued[self.lock.token] = row["fencing_token"]
        self.jobs[row["id"]] = row
        end = end_of(row["result"], row["error"])
        self.past_jobs[row["id"]] = PastJob(
            status=row["status"], token=row["fencing_token"], end=end
        )
        if row["status"] == "running":
            self.attempts.setdefault(row["fencing_token"], (row["id"], row["attempt"]))
        if row["status"] not in ("queued", "running"):
            del self.jobs[row["id"]]

    def stop_waiting(self, job_id: str, committed_at: float) -> None:
        """A job is no longer queued."""
        for span in self.waits:
            if span.holder_id == job_id:
                span.ended_at = min(span.ended_at, committed_at)

    def waiting(self, at: float) -> Row | None:
        """The queued job that holds the project at a time: until it is claimed, cancelled or past its deadline."""
        for job in self.jobs.values():
            if job["status"] == "queued" and seconds(job["deadline_at"]) > at:
                return job
        return None

    def is_current(self, token: int | None) -> bool:
        """True if this is the token of the current lease."""
        return self.lock is not None and self.lock.token == token

    def was_cleared(self, begun_at: float, ended_at: float) -> bool:
        """True if progress was removed in this interval."""
        return any(begun_at <= at <= ended_at for at in self.cleared)

    def was_returned(self, begun_at: float, ended_at: float) -> bool:
        """True if a job was given back in this interval."""
        return any(begun_at <= at <= ended_at for at in self.returned)

    def was_held(self, begun_at: float, ended_at: float) -> bool:
        """True if a lease was live, or a job was queued, at some moment of this interval."""
        spans = (*self.spans, *self.waits)
        return any(s.begun_at <= ended_at and s.ended_at >= begun_at for s in spans)
