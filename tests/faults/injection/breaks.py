"""Negative controls: each breaks a rule of the SQL in one run's database, and the checker must report it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("breaks")


@dataclass(frozen=True, kw_only=True)
class Break:
    """`file` replaces SQL functions; `rules` must then be reported; `aimed_faults` make that happen soon."""

    file: str
    rules: tuple[str, ...]
    aimed_faults: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The SQL that is run after the migrations."""
        return (_FOLDER / self.file).read_text()


BREAKS: Mapping[str, Break] = {
    "heartbeat-without-fence": Break(
        file="heartbeat_without_fence.sql",
        rules=(
            "every accepted write carried the current token",
            "an expired lease is never renewed",
        ),
        aimed_faults=("worker stopped past its lease", "line delayed"),
    ),
    "clock-before-lock": Break(
        file="clock_before_lock.sql",
        rules=("an expired lease is never renewed", "an expired lease writes nothing"),
        aimed_faults=("lease rows locked", "line delayed"),
    ),
    "cleanup-without-lock": Break(
        file="cleanup_without_lock.sql",
        rules=(
            "live leases never overlap",
            "a live lease ends only by its holder, a cancel, or a claim of its own job",
            "nothing is queued without a dispatch or running without a lease",
        ),
        aimed_faults=("slow commits", "cleanup several at once"),
    ),
    "waiting-job-replaced": Break(
        file="waiting_job_replaced.sql",
        rules=(
            "a queued job holds its project until it is claimed, cancelled or past its deadline",
            "a queued job fails only when no attempt or no time is left",
        ),
        aimed_faults=("worker killed",),
    ),
    "host-clock": Break(
        file="host_clock.sql", rules=("leases are measured by the database's clock",)
    ),
    "release-without-token": Break(
        file="release_without_token.sql",
        rules=("a release ends the caller's own lease and no other",),
    ),
    "return-at-a-cost": Break(
        file="return_at_a_cost.sql",
        rules=("a job that its worker gives back has spent no attempt",),
        aimed_faults=("worker told to end",),
    ),
    "finish-in-two": Break(
        file="finish_in_two.sql",
        rules=("a job's end and its lease's end are one transaction",),
    ),
}
