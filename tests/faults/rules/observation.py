"""What was seen of an outage, and what of it breaks a promise."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.load.callers import Answer

UNAVAILABLE = 503
LONGEST_ANSWER_SECONDS = 3.0
SLACK_SECONDS = 1.0
"""A busy machine may put this between what is done and what is seen of it; the report gives the times as seen."""


@dataclass(frozen=True, kw_only=True)
class Outage:
    """Postgres away for `seconds`, killed or hanging, under leases that live `ttl_seconds`."""

    seconds: float
    ttl_seconds: float
    hanging: bool = False


@dataclass(kw_only=True)
class Observation:
    """Times are seconds. `ffmpeg_worked_for`: how long into the outage ffmpeg was at work."""

    outage: Outage
    answers: list[Answer] = field(default_factory=list[Answer])
    ffmpeg_worked_for: float = 0.0
    percentage_before: int = 0
    percentages_after: list[int] = field(default_factory=list[int])
    """Of the last attempt."""
    served_again_after: float = 0.0
    status: str = ""
    attempt: int = 0

    @property
    def broken(self) -> list[str]:
        """The promises that did not hold."""
        outlasts = self.outage.ttl_seconds > self.outage.seconds + SLACK_SECONDS
        kept = {
            "every request is answered with 503 and Retry-After": self._all_refused(),
            "every answer comes within 3 s": self.slowest < LONGEST_ANSWER_SECONDS + SLACK_SECONDS,
            "progress never goes down within an attempt": all(
                earlier <= later for earlier, later in pairwise(self._percentages())
            ),
            "the job ends by itself": self.status == "ready_for_triage",
        } | (self._unharmed() if outlasts else self._stopped())
        return [promise for promise, holds in kept.items() if not holds]

    @property
    def slowest(self) -> float:
        """The seconds that the slowest answer took."""
        return max((answer.seconds for answer in self.answers), default=0.0)

    def _all_refused(self) -> bool:
        refused = [a.status == UNAVAILABLE and a.retry_after is not None for a in self.answers]
        return bool(refused) and all(refused)

    def _unharmed(self) -> dict[str, bool]:
        """What holds where the lease outlasts the outage."""
        through = self.outage.seconds - SLACK_SECONDS
        return {
            "ffmpeg goes on while its lease is live": self.ffmpeg_worked_for > through,
            "the job ends in its first attempt": self.attempt == 1,
        }

    def _stopped(self) -> dict[str, bool]:
        """What holds where the outage outlasts the lease."""
        worked = 0 < self.ffmpeg_worked_for < self.outage.ttl_seconds
        return {
            "ffmpeg stops before its lease ends": worked,
            "another attempt goes on": self.attempt > 1,
        }

    def _percentages(self) -> list[int]:
        before = [self.percentage_before] if self.attempt == 1 else []
        return before + self.percentages_after

    def __str__(self) -> str:
        """A line a fact."""
        counts = Counter(f"{answer.request} {answer.status}" for answer in self.answers)
        shown = self._percentages()
        return "\n".join(
            [
                *(f"{count:>8}  {told}" for told, count in sorted(counts.items())),
                f"slowest answer    {self.slowest:.2f} s",
                f"ffmpeg worked for {self.ffmpeg_worked_for:.1f} s of {self.outage.seconds:.0f} s",
                f"served again      {self.served_again_after:.2f} s after the database was back",
                f"progress          {shown[0]} % to {shown[-1]} %, {len(shown)} polls",
                f"the job           {self.status} in attempt {self.attempt}",
                f"broken            {', '.join(self.broken) or 'nothing'}",
            ]
        )
