"""Reads of progress: none shows less than an earlier read, or than progress acknowledged to a worker."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]
Attempt = tuple[str, int]
"""A job's id and the number of its attempt."""
Told = deque[tuple[Event, int]]

GOES_DOWN = "acknowledged progress never goes down within an attempt"
BEHIND = "a read shows at least the progress that was acknowledged before it"
REMEMBERED = 20
"""Responses kept per attempt."""
MAX_ATTEMPTS = 2000


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """A rule, and the earlier response that a read contradicts."""

    rule: str
    earlier: Event


@dataclass(kw_only=True)
class Reads:
    """Remembers the last percentages in responses, for the most recent attempts."""

    _read: dict[Attempt, Told] = field(default_factory=dict[Attempt, Told])
    _written: dict[Attempt, Told] = field(default_factory=dict[Attempt, Told])

    def acknowledge(self, attempt: Attempt, event: Event, percentage: int) -> None:
        """Record that a worker's progress was acknowledged."""
        _remember(self._written, attempt, event, percentage)

    def contradiction(
        self, attempt: Attempt, event: Event, percentage: int
    ) -> Contradiction | None:
        """The earlier response that a read contradicts; without a contradiction, the read is remembered."""
        for rule, told in ((GOES_DOWN, self._read), (BEHIND, self._written)):
            for earlier, shown in told.get(attempt, ()):
                if earlier["responded_at"] < event["requested_at"] and percentage < shown:
                    return Contradiction(rule=rule, earlier=earlier)
        _remember(self._read, attempt, event, percentage)
        return None


def _remember(told: dict[Attempt, Told], attempt: Attempt, event: Event, percentage: int) -> None:
    if attempt not in told:
        if len(told) >= MAX_ATTEMPTS:
            del told[next(iter(told))]
        told[attempt] = deque(maxlen=REMEMBERED)
    told[attempt].append((event, percentage))
