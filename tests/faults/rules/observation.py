"""What was observed during an outage, and which promises it breaks."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.load.callers import Response

UNAVAILABLE = 503
MAX_RESPONSE_SECONDS = 3.0
SLACK_SECONDS = 1.0
"""Tolerance for delays of a busy machine; the report shows the times as measured."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Postgres is away for `seconds`, killed or hanging, while leases live `ttl_seconds`."""

    seconds: float
    ttl_seconds: float
    hanging: bool = False


@dataclass(kw_only=True)
class Observation:
    """Times are seconds. `ffmpeg_worked_for`: how long after the beginning of the outage ffmpeg still ran."""

    outage: Outage
    responses: list[Response] = field(default_factory=list[Response])
    ffmpeg_worked_for: float = 0.0
    percentage_before: int = 0
    percentages_after: list[int] = field(default_factory=list[int])
    """Those of the last attempt."""
    served_again_after: float = 0.0
    status: str = ""
    attempt: int = 0

    @property
    def broken(self) -> list[str]:
        """The promises that did not hold."""
        outlasts = self.outage.ttl_seconds > self.outage.seconds + SLACK_SECONDS
        kept = {
            "every request is answered with 503 and Retry-After": self._all_refused(),
            "every response comes within 3 s": self.slowest < MAX_RESPONSE_SECONDS + SLACK_SECONDS,
            "progress never goes down within an attempt": all(
                earlier <= later for earlier, later in pairwise(self._percentages())
            ),
            "the job ends by itself": self.status == "ready_for_triage",
        } | (self._unharmed() if outlasts else self._stopped())
        return [promise for promise, holds in kept.items() if not holds]

    @property
    def slowest(self) -> float:
        """The slowest response's time in seconds."""
        return max((response.seconds for response in self.responses), default=0.0)

    def _all_refused(self) -> bool:
        refused = [a.status == UNAVAILABLE and a.retry_after is not None for a in self.responses]
        return bool(refused) and all(refused)

    def _unharmed(self) -> dict[str, bool]:
        """What must hold if the lease outlasts the outage."""
        through = self.outage.seconds - SLACK_SECONDS
        return {
            "ffmpeg goes on while its lease is live": self.ffmpeg_worked_for > through,
            "the job ends in its first attempt": self.attempt == 1,
        }

    def _stopped(self) -> dict[str, bool]:
        """What must hold if the outage outlasts the lease."""
        worked = 0 < self.ffmpeg_worked_for < self.outage.ttl_seconds
        return {
            "ffmpeg stops before its lease ends": worked,
            "another attempt goes on": self.attempt > 1,
        }

    def _percentages(self) -> list[int]:
        before = [self.percentage_before] if self.attempt == 1 else []
        return before + self.percentages_after

    def __str__(self) -> str:
        """The report of an outage, one figure a line."""
        counts = Counter(f"{response.request} {response.status}" for response in self.responses)
        shown = self._percentages()
        return "\n".join(
            [
                *(f"{count:>8}  {told}" for told, count in sorted(counts.items())),
                f"slowest response    {self.slowest:.2f} s",
                f"ffmpeg worked for {self.ffmpeg_worked_for:.1f} s of {self.outage.seconds:.0f} s",
                f"served again      {self.served_again_after:.2f} s after the database was back",
                f"progress          {shown[0]} % to {shown[-1]} %, {len(shown)} polls",
                f"the job           {self.status} in attempt {self.attempt}",
                f"broken            {', '.join(self.broken) or 'nothing'}",
            ]
        )
