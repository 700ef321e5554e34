"""Where a project stands in the replay of the audit trail."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.faults.evidence.entries import Entry, Row, seconds

REMEMBERED = 400
"""Spans of leases that are kept for judging a conflict: far more than one request can overlap."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A row of editai_locks. One that was inserted to be granted at once is vacant."""

    lease_id: str
    holder: str
    token: int
    job_id: str | None
    acquired_at: float
    expires_at: float
    deadline_at: float | None

    @classmethod
    def of(cls, row: Row | None) -> "Lock | None":
        """The row as a value."""
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
        """True for a row that nobody has been given yet."""
        return self.token == 0


@dataclass(kw_only=True)
class Span:
    """When a lease was live."""

    lease_id: str
    begun_at: float
    ended_at: float


def end_of(result: Any, error: Any) -> int:
    """A number for how a job has ended: an hour's jobs are remembered."""
    return hash(json.dumps([result, error], sort_keys=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class PastJob:
    """How a job stands, or stood last, and the token of its last attempt; `end` stands for its result and its error."""

    status: str
    token: int | None
    end: int


@dataclass(kw_only=True)
class ProjectState:
    """A project, or any other key: its lease, its jobs, and what has been seen of them so far."""

    txid: str | None = None
    lock: Lock | None = None
    lock_written_at: float | None = None
    lock_written_by: str = ""
    lock_txid: str | None = None
    """Who wrote the lease last: it holds the row since, so what it writes was judged then."""
    highest_token: int = 0
    seq: int = 0
    committed_at: float = float("-inf")
    """Of the last entry."""
    removed_live: Lock | None = None
    """A live lease that the current transaction has removed."""
    exported: str | None = None
    """The job whose export the current transaction has recorded."""
    jobs: dict[str, Row] = field(default_factory=dict[str, Row])
    past_jobs: dict[str, PastJob] = field(default_factory=dict[str, PastJob])
    """Every job there was."""
    attempts: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """The job and the attempt that each token was given to."""
    spans: deque[Span] = field(default_factory=lambda: deque[Span](maxlen=REMEMBERED))
    leases: dict[str, int] = field(default_factory=dict[str, int])
    """The token of every lease that was granted."""
    renewed: dict[str, set[float]] = field(default_factory=dict[str, set[float]])
    """The ends that the renewals of each lease have set."""
    released: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """When each lease was given back by a release."""
    progress: dict[int, int] = field(default_factory=dict[int, int])
    """The highest percentage that each token has written."""
    shown_token: int | None = None
    """The token of the progress that a reader sees."""
    cleared: deque[float] = field(default_factory=lambda: deque[float](maxlen=REMEMBERED))
    """When progress was removed."""
    clips: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """The clips of each job, with the tokens that they were recorded under."""

    def begin(self, entry: Entry) -> bool:
        """Another transaction's entries follow; False when it was committed before the last one."""
        in_order = entry.seq > self.seq and entry.committed_at >= self.committed_at
        self.txid, self.committed_at = entry.txid, entry.committed_at
        self.removed_live = self.exported = None
        return in_order

    def grant(self, lock: Lock, at: float, committed_at: float) -> None:
        """The lease is someone's from now; the one before, as far as others can see, until the commit."""
        self.leases[lock.lease_id] = lock.token
        self._cut(committed_at)
        self.spans.append(Span(lease_id=lock.lease_id, begun_at=at, ended_at=lock.expires_at))

    def renew(self, lock: Lock, committed_at: float) -> None:
        """The lease ends at another time; when that has come already, others can see it by the commit."""
        self.renewed.setdefault(lock.lease_id, set()).add(lock.expires_at)
        if self.spans:
            self.spans[-1].ended_at = max(lock.expires_at, committed_at)

    def end(self, committed_at: float) -> None:
        """The lease's row is gone."""
        self._cut(committed_at)

    def release(self, lock: Lock, at: float) -> None:
        """The lease's holder has given it back."""
        self.released.setdefault(lock.lease_id, []).append(at)

    def _cut(self, at: float) -> None:
        if self.spans:
            self.spans[-1].ended_at = min(self.spans[-1].ended_at, at)

    def job(self, row: Row) -> None:
        """A job's row as it is now."""
        self.jobs[row["id"]] = row
        end = end_of(row["result"], row["error"])
        self.past_jobs[row["id"]] = PastJob(
            status=row["status"], token=row["fencing_token"], end=end
        )
        if row["status"] == "running":
            self.attempts[row["fencing_token"]] = (row["id"], row["attempt"])
        if row["status"] not in ("queued", "running"):
            del self.jobs[row["id"]]

    def is_current(self, token: int | None) -> bool:
        """Tell whether a token is that of the lease that stands."""
        return self.lock is not None and self.lock.token == token

    def was_cleared(self, begun_at: float, ended_at: float) -> bool:
        """Tell whether progress was removed in a stretch of time."""
        return any(begun_at <= at <= ended_at for at in self.cleared)

    def was_live(self, begun_at: float, ended_at: float) -> bool:
        """Tell whether any lease was live at some moment of a stretch of time."""
        return any(s.begun_at <= ended_at and s.ended_at >= begun_at for s in self.spans)
