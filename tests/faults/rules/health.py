"""Workers in a calm time, in which nothing is broken: one that goes on working should keep its leases.

A worker is taken for healthy where its own calls show it: one after another all through the lease's last stretch, each
answered soon. A figure and not a rule: a call that was never answered is not written down, and on a busy machine the
renewal may have been that one.
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
    """A job's lease that ran out: `written_by` is the function that set its end."""

    lock: Lock
    written_by: str

    @property
    def was_given_up(self) -> bool:
        """A worker that abandons an attempt cuts its lease short; one that meets its deadline cannot keep it."""
        return self.written_by == "renew_lease" or self.lock.expires_at == self.lock.deadline_at


@dataclass(frozen=True, kw_only=True)
class Calm:
    """How many leases quick workers took while nothing was broken, and how many of them ran out all the same.

    `while_healthy`: those of workers whose calls show that they went on.
    """

    taken: int = 0
    ran_out: int = 0
    while_healthy: int = 0

    def __str__(self) -> str:
        """A line of a report."""
        return (
            f"in calm           {self.taken} leases taken by workers; {self.ran_out} ran out,"
            f" {self.while_healthy} of a worker that went on"
        )


@dataclass(kw_only=True)
class Health:
    """Remembers the calls of each worker process `since` the calm began; times are of the database's clock."""

    ttl_seconds: float
    since: float = float("inf")
    claimed: set[str] = field(default_factory=set[str])
    """The leases that workers were given since then, and know of."""
    _calls: dict[int, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict[int, list[tuple[float, float]]](list)
    )

    def note(self, event: Mapping[str, Any], clock_offset: float) -> None:
        """Take an answer to a call of a worker."""
        requested_at, answered_at = (
            event["requested_at"] + clock_offset,
            event["answered_at"] + clock_offset,
        )
        if requested_at < self.since or "process" not in event:
            return
        self._calls[event["process"]].append((requested_at, answered_at))
        claimed = event["call"] == "claim_job" and event["answer"]
        if claimed and event["answer"]["outcome"] == "claimed":
            self.claimed.add(event["params"]["p_lease_id"])

    def calm(self, dead: Iterable[DeadLease]) -> Calm:
        """What became of the leases that were taken since the calm began."""
        ran_out = [lease for lease in dead if lease.lock.lease_id in self.claimed]
        while_healthy = sum(map(self._was_lost_in_health, ran_out))
        return Calm(taken=len(self.claimed), ran_out=len(ran_out), while_healthy=while_healthy)

    def _was_lost_in_health(self, dead: DeadLease) -> bool:
        lock = dead.lock
        healthy = self._was_healthy(int(lock.holder.split()[-1]), lock.expires_at)
        return healthy and not dead.was_given_up

    def _was_healthy(self, process: int, until: float) -> bool:
        """Tell whether a process asked and was answered, without a pause, in the time that a lease lives."""
        begun_at = until - self.ttl_seconds
        calls = [c for c in self._calls[process] if c[0] <= until and c[1] >= begun_at]
        asked = [begun_at, *sorted(max(begun_at, requested_at) for requested_at, _ in calls), until]
        slowest = max(
            (answered_at - requested_at for requested_at, answered_at in calls), default=0.0
        )
        gaps = (later - earlier for earlier, later in pairwise(asked))
        return max(slowest, *gaps) < LONGEST_GAP_SECONDS
