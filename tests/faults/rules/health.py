"""Leases in the calm, the part of a run without faults: a healthy worker should keep them.

A worker counts as healthy if its own calls show it: throughout the lease's last time to live, it called without a long
gap and got each response quickly. This is a figure and not a rule: a call without a response is not recorded, and on a
busy machine the missing renewal may be that call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.faults.rules.states import Lock

LONGEST_GAP_SECONDS = 0.4
"""Less than a third of a lease's time to live: a renewal would have been due."""


@dataclass(frozen=True, kw_only=True)
class DeadLease:
    """A job's lease that expired; `written_by` is the SQL function that set its end."""

    lock: Lock
    written_by: str

    @property
    def was_given_up(self) -> bool:
        """True if the worker abandoned the attempt, which shortens the lease, or if the job reached its deadline."""
        return self.written_by == "renew_lease" or self.lock.expires_at == self.lock.deadline_at


@dataclass(frozen=True, kw_only=True)
class Calm:
    """How many leases quick workers took while nothing was broken, and how many of them expired anyway.

    `while_healthy` counts those that expired although their worker was healthy.
    """

    taken: int = 0
    ran_out: int = 0
    while_healthy: int = 0

    def __str__(self) -> str:
        """A line of the report."""
        return (
            f"in calm           {self.taken} leases taken by workers; {self.ran_out} ran out,"
            f" {self.while_healthy} of a worker that went on"
        )


@dataclass(kw_only=True)
class Health:
    """Collects the calls of each worker process `since` the calm began; times are of the database's clock."""

    ttl_seconds: float
    since: float = float("inf")
    claimed: set[str] = field(default_factory=set[str])
    """The leases that workers have claimed since then and got a response for."""
    _calls: dict[int, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict[int, list[tuple[float, float]]](list)
    )

    def note(self, event: Mapping[str, Any], clock_offset: float) -> None:
        """Record a response to a worker's call."""
        requested_at, responded_at = (
            event["requested_at"] + clock_offset,
            event["responded_at"] + clock_offset,
        )
        if requested_at < self.since or "process" not in event:
            return
        self._calls[event["process"]].append((requested_at, responded_at))
        claimed = event["call"] == "claim_job" and event["response"]
        if claimed and event["response"]["outcome"] == "claimed":
            self.claimed.add(event["params"]["p_lease_id"])

    def calm(self, dead: Iterable[DeadLease]) -> Calm:
        """The figures of the leases taken since the calm began."""
        ran_out = [lease for lease in dead if lease.lock.lease_id in self.claimed]
        while_healthy = sum(map(self._was_lost_in_health, ran_out))
        return Calm(taken=len(self.claimed), ran_out=len(ran_out), while_healthy=while_healthy)

    def _was_lost_in_health(self, dead: DeadLease) -> bool:
        lock = dead.lock
        healthy = self._was_healthy(_process_of(lock.holder), lock.expires_at)
        return healthy and not dead.was_given_up

    def _was_healthy(self, process: int, until: float) -> bool:
        """True if a process called and got responses without a long gap during a time to live."""
        begun_at = until - self.ttl_seconds
        calls = [c for c in self._calls[process] if c[0] <= until and c[1] >= begun_at]
        asked = [begun_at, *sorted(max(begun_at, requested_at) for requested_at, _ in calls), until]
        slowest = max(
            (responded_at - requested_at for requested_at, responded_at in calls), default=0.0
        )
        gaps = (later - earlier for earlier, later in pairwise(asked))
        return max(slowest, *gaps) < LONGEST_GAP_SECONDS


def _process_of(holder: str) -> int:
    """The process of a worker that holds a lease: see `_holder` in shared/running/delivery.py."""
    process, _, _ = holder.rsplit(maxsplit=1)[-1].partition("-")
    return int(process)
