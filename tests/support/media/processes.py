"""Finds ffmpeg processes by the file they write, and waits until they have ended."""

import os
import resource
import select
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.ffmpeg.limits import Limits
from shared.media.readers.children import warm_parent

ROOMY = Limits(
    cpu_seconds=600, wall_seconds=600, memory_bytes=4 << 30, file_bytes=1 << 30, open_files=64
)
"""Limits that no test reaches by accident."""


def writing(target: Path) -> list[int]:
    """The live processes whose command line names `target`."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command, status = (entry / "cmdline").read_bytes(), (entry / "stat").read_text()
            except OSError:
                continue
            dead = status.rpartition(")")[2].split()[0] == "Z"
            if b"ffmpeg" in command and bytes(target) in command and not dead:
                found.append(int(entry.name))
    return found


def wait_until_gone(pids: list[int], seconds: float) -> bool:
    """Whether every process ends within `seconds` each. The kernel reports it through a pidfd, without polling."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([handle], [], [], seconds)[0]:
                return False
        finally:
            os.close(handle)
    return True


def environment(pid: int) -> bytes:
    """The environment of a process."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def limits_of(pid: int) -> dict[str, list[str]]:
    """The soft and the hard limit for each of the kernel's names."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return {line[:26].strip(): line[26:].split()[:2] for line in lines}


@dataclass(kw_only=True)
class Used:
    """The CPU time of child processes, known at the end of the block."""

    cpu_seconds: float = 0.0


@contextmanager
def used_by_children() -> Generator[Used]:
    """Measure the children that end within the block, the probe's among them."""
    # What the probe's children use counts here when their parent has ended.
    warm_parent.end()
    used, before = Used(), resource.getrusage(resource.RUSAGE_CHILDREN)
    yield used
    warm_parent.end()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
