"""CPU time of a process and its descendants, from /proc: the cost of a request, even on a busy machine."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time that a process and its descendants, ended ones included, have used so far."""
    return sum(_own_seconds(member) for member in process_tree(pid))


def process_tree(pid: int) -> list[int]:
    """A process and its descendants."""
    children = [child for child in _pids() if _field(child, 1) == str(pid)]
    return [pid, *(member for child in children for member in process_tree(child))]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _own_seconds(pid: int) -> float:
    return sum(int(_field(pid, number) or 0) for number in (11, 12, 13, 14)) / _TICKS


def _field(pid: int, number: int) -> str | None:
    """A field of /proc/<pid>/stat after the name, which may have any characters; None for a dead process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[number]
    except (FileNotFoundError, ProcessLookupError):
        return None
