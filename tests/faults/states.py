"""Where a project stands in the replay of the audit trail."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.faults.entries import Entry, Row, seconds

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


@dataclass(kw_only=True)
class ProjectState:
    """A project, or any other key: its lease, its jobs, and what has been seen of them so far."""

    txid: str | None = None
    lock: Lock | None = None
    lock_written_at: float | None = None
    lock_txid: str | None = None
    """Who wrote the lease last: it holds the row since, so what it writes was judged then."""
    highest_token: int = 0
    deleted: bool = False
    removed_live: Lock | None = None
    """A live lease that the current transaction has removed."""
    jobs: dict[str, Row] = field(default_factory=dict[str, Row])
    past_jobs: dict[str, str] = field(default_factory=dict[str, str])
    """The last status of every job there was."""
    spans: deque[Span] = field(default_factory=lambda: deque[Span](maxlen=REMEMBERED))
    leases: set[str] = field(default_factory=set[str])
    renewed: set[str] = field(default_factory=set[str])
    released: set[str] = field(default_factory=set[str])
    ended_early: dict[str, Entry] = field(default_factory=dict[str, Any])
    progress: dict[int, int] = field(default_factory=dict[int, int])
    """The highest percentage that each token has written."""
    shown_token: int | None = None
    """The token of the progress that a reader sees."""
    clips: set[str] = field(default_factory=set[str])

    def begin(self, txid: str) -> None:
        """Another transaction's entries follow."""
        self.txid = txid
        self.removed_live = None

    def grant(self, lock: Lock, at: float, committed_at: float) -> None:
        """The lease is someone's from now; the one before, as far as others can see, until the commit."""
        self.leases.add(lock.lease_id)
        self._cut(committed_at)
        self.spans.append(Span(lease_id=lock.lease_id, begun_at=at, ended_at=lock.expires_at))

    def renew(self, lock: Lock, at: float, committed_at: float) -> None:
        """The lease ends at another time; when that has come already, it was released by the commit."""
        self.renewed.add(lock.lease_id)
        if lock.expires_at <= at:
            self.released.add(lock.lease_id)
        if self.spans:
            self.spans[-1].ended_at = max(lock.expires_at, committed_at)

    def end(self, lock: Lock, committed_at: float) -> None:
        """The lease's row is gone."""
        self.released.add(lock.lease_id)
        self._cut(committed_at)

    def _cut(self, at: float) -> None:
        if self.spans:
            self.spans[-1].ended_at = min(self.spans[-1].ended_at, at)

    def job(self, row: Row) -> None:
        """A job's row as it is now."""
        self.jobs[row["id"]] = row
        self.past_jobs[row["id"]] = row["status"]
        if row["status"] not in ("queued", "running"):
            del self.jobs[row["id"]]

    def is_current(self, token: int | None) -> bool:
        """Tell whether a token is that of the lease that stands."""
        return self.lock is not None and self.lock.token == token

    def was_live(self, begun_at: float, ended_at: float) -> bool:
        """Tell whether any lease was live at some moment of a stretch of time."""
        return any(s.begun_at <= ended_at and s.ended_at >= begun_at for s in self.spans)
