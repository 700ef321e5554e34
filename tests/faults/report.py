"""What a run showed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.files import Files
from tests.faults.violations import Violation

SHOWN_VIOLATIONS = 10
SHOWN_FILES = 20
LEASE_OPERATIONS = (
    "leases granted",
    "leases renewed",
    "leases ended",
    "progress writes",
    "clips recorded",
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures of a run; `passed` when no rule was broken and every job has ended."""

    seed: int
    seconds: float
    workers: int
    operations: Mapping[str, int]
    client_counts: Mapping[str, int]
    answers: Mapping[str, int]
    failures: Mapping[str, int]
    faults: Mapping[str, int]
    faults_not_counted: Mapping[str, int]
    deliveries: Mapping[str, int]
    """What injected deliveries were answered with."""
    recoveries: tuple[float, ...]
    """Seconds from the last write of a lease that died to its reclaim."""
    quiet_recoveries: tuple[float, ...]
    """Those while Postgres, PostgREST, the line, cleanup and the workers were whole."""
    recovery_bound_seconds: float
    not_ended: int
    drained_seconds: float
    files: Files
    violations: tuple[Violation, ...]
    broken: str | None

    @property
    def passed(self) -> bool:
        """Tell whether everything held."""
        left = self.not_ended, self.files.lost, self.files.missing
        return not self.violations and not any(left)

    @property
    def lease_operations(self) -> int:
        """Committed changes of leases and writes under them."""
        return sum(self.operations.get(name, 0) for name in LEASE_OPERATIONS)

    @property
    def _an_hour(self) -> float:
        return self.lease_operations / self.seconds * 3600

    def __str__(self) -> str:
        """The report as people read it."""
        lines = [
            f"seed {self.seed}, {self.seconds:.0f} s, {self.workers} quick workers",
            f"lease operations  {self.lease_operations} ({self._an_hour:,.0f} an hour)",
            *_table("committed", self.operations),
            *_table("clients", self.client_counts),
            *_table("answers", self.answers),
            *_table("answers that were of no use", self.failures),
            *_table("faults", self.faults),
            *_table("faults that did not happen", self.faults_not_counted),
            *_table("injected deliveries", self.deliveries),
            self._recovery("dead leases", self.recoveries),
            self._recovery("no other fault", self.quiet_recoveries),
            f"jobs not ended    {self.not_ended}, {self.drained_seconds:.1f} s after the load",
            f"files             {len(self.files.lost)} that nothing points at, {len(self.files.missing)} missing",
            *(f"    {path}" for path in (*self.files.lost, *self.files.missing)[:SHOWN_FILES]),
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
        at = {p: times[min(len(times) - 1, len(times) * p // 100)] for p in (50, 95, 99)}
        shown = " ".join(f"p{p} {value:.2f}" for p, value in at.items())
        return (
            f"{title:<17} {len(times)}, reclaimed {shown} max {times[-1]:.2f} s after their"
            f" last write; within TTL + cleanup period ({self.recovery_bound_seconds} s):"
            f" {within:.1%}"
        )


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    return [title, *(f"    {count:>8}  {name}" for name, count in sorted(counts.items()))]
