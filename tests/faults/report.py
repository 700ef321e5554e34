"""The report of a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.rules.files import Files
from tests.faults.rules.health import Calm
from tests.faults.rules.violations import Violation

SHOWN_VIOLATIONS = 10
LEASE_OPERATIONS = (
    "leases granted",
    "leases renewed",
    "leases ended",
    "progress writes",
    "clips recorded",
)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended. `remains` holds the ids of what should not be left, by kind."""

    not_ended: int = 0
    drained_seconds: float = 0
    last_end: str = ""
    settled_seconds: float = 0
    remains: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    def lines(self) -> list[str]:
        """These figures as lines of the report."""
        left = sum(map(len, self.remains.values()))
        return [
            f"jobs not ended    {self.not_ended}, {self.drained_seconds:.1f} s after the load",
            f"the last to end   {self.last_end}",
            f"left behind       {left}, {self.settled_seconds:.1f} s after that",
            *(f"    {what}: {', '.join(ids)}" for what, ids in self.remains.items()),
        ]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The figures of a run. It `passed` if no rule was broken, every job has ended and nothing is left behind."""

    seed: int
    seconds: float
    workers: int
    pace_seconds: float
    operations: Mapping[str, int]
    client_counts: Mapping[str, int]
    responses: Mapping[str, int]
    failures: Mapping[str, int]
    faults: Mapping[str, int]
    faults_not_counted: Mapping[str, int]
    refused_writes: Mapping[str, int]
    """Responses to writes under a lease that its caller had already lost, by call and outcome."""
    durations: Mapping[str, Sequence[float]]
    """Response times of the library in seconds, by request."""
    deliveries: Mapping[str, int]
    """Outcomes of injected deliveries."""
    recoveries: tuple[float, ...]
    """Seconds from a dead lease's last write to its reclaim."""
    quiet_recoveries: tuple[float, ...]
    """The same, only while no fault hit what cleanup needs: Postgres, PostgREST, the line, cleanup itself."""
    recovery_bound_seconds: float
    calm: Calm
    ended: Ended
    files: Files
    violations: tuple[Violation, ...]
    broken: str | None

    @property
    def passed(self) -> bool:
        """True if every rule held and nothing is left."""
        left = self.ended.not_ended or self.ended.remains
        return not self.violations and not left and self.files.are_right

    @property
    def lease_operations(self) -> int:
        """Committed changes of leases and writes under them."""
        return sum(self.operations.get(name, 0) for name in LEASE_OPERATIONS)

    @property
    def _an_hour(self) -> float:
        return self.lease_operations / self.seconds * 3600

    def __str__(self) -> str:
        """The report as text."""
        lines = [
            f"seed {self.seed}, {self.seconds:.0f} s, {self.workers} quick workers",
            f"pace              a fault each {self.pace_seconds} s on average",
            f"lease operations  {self.lease_operations} ({self._an_hour:,.0f} an hour)",
            *_table("committed", self.operations),
            *_table("clients", self.client_counts),
            *_table("responses", self.responses),
            *_table("failed requests", self.failures),
            *_table("writes under lost leases", self.refused_writes),
            "response times of the library, in seconds",
            *(f"    {_took(seconds)}  {name}" for name, seconds in sorted(self.durations.items())),
            *_table("faults", self.faults),
            *_table("faults that did not happen", self.faults_not_counted),
            *_table("injected deliveries", self.deliveries),
            self._recovery("dead leases", self.recoveries),
            self._recovery("no other fault", self.quiet_recoveries),
            str(self.calm),
            *self.ended.lines(),
            *self.files.lines(),
            f"violations        {len(self.violations)}",
            *_table("by rule", Counter(v.rule for v in self.violations)),
            *(str(violation) for violation in self.violations[:SHOWN_VIOLATIONS]),
        ]
        return "\n".join(lines)

    def _recovery(self, title: str, recoveries: Sequence[float]) -> str:
        times = sorted(recoveries)
        if not times:
            return f"{title:<17} 0"
        within = sum(t <= self.recovery_bound_seconds for t in times) / len(times)
        return (
            f"{title:<17} {len(times)}, reclaimed {_took(times)} s after their"
            f" last write; within TTL + cleanup period ({self.recovery_bound_seconds} s):"
            f" {within:.1%}"
        )


def _took(seconds: Sequence[float]) -> str:
    """Percentiles of durations."""
    times = sorted(seconds)
    at = {p: times[min(len(times) - 1, len(times) * p // 100)] for p in (50, 95, 99)}
    return " ".join(f"p{p} {value:.2f}" for p, value in at.items()) + f" max {times[-1]:.2f}"


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    return [title, *(f"    {count:>8}  {name}" for name, count in sorted(counts.items()))]
