"""Negative controls: a rule of the SQL broken in the database of one run, which the checker must notice."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("breaks")


@dataclass(frozen=True, kw_only=True)
class Break:
    """`file` replaces functions; `aimed_faults` are those that bring the consequence about soon."""

    file: str
    aimed_faults: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """What is run after the migrations."""
        return (_FOLDER / self.file).read_text()


BREAKS: Mapping[str, Break] = {
    "heartbeat-without-fence": Break(
        file="heartbeat_without_fence.sql", aimed_faults=("worker stopped past its lease",)
    ),
    "clock-before-lock": Break(file="clock_before_lock.sql", aimed_faults=("lease rows locked",)),
    "cleanup-without-lock": Break(file="cleanup_without_lock.sql", aimed_faults=("slow commits",)),
    "host-clock": Break(file="host_clock.sql"),
    "release-without-token": Break(file="release_without_token.sql"),
    "finish-in-two": Break(file="finish_in_two.sql"),
}
