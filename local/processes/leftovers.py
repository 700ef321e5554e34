"""Processes that nothing supervises any more: orphans of this process, and those of a killed stack."""

import ctypes
import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Makes this process the parent of every descendant whose own parent dies."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans(known: Collection[int]) -> None:
    """Kills and reaps children that this process did not start: they were left by a dead part."""
    for pid in _children():
        if pid not in known:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def reap_orphans(known: Collection[int]) -> None:
    """Reaps dead children that this process did not start, and leaves those alone that run."""
    for pid in _children():
        if pid not in known:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def end_marked(directory: Path, timeout_seconds: float = 15) -> int:
    """Stops the processes of a stack whose supervisor was killed; returns how many there were.

    Most end by themselves, because they are tied to their parents. They are recognised by their environment. Only the
    directory's lock holder may call this.
    """
    deadline = time.monotonic() + timeout_seconds
    signalled: set[int] = set()
    while running := set(marked(directory)):
        late = time.monotonic() > deadline
        for pid in running if late else running - signalled:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if late else signal.SIGINT)
        signalled |= running
        time.sleep(0.05)
    return len(signalled)


def _children() -> list[int]:
    """The children of this process, from the kernel's list if it has one."""
    own = os.getpid()
    try:
        listed = Path(f"/proc/{own}/task/{own}/children").read_text().split()
    except FileNotFoundError:
        return [pid for pid in _all_pids() if parent_of(pid) == own]
    return [int(pid) for pid in listed]


def marked(directory: Path) -> Iterator[int]:
    """The processes of a stack, found by the mark in their environment."""
    mark = f"EDITAI_STACK_DIRECTORY={directory}".encode()
    for pid in _all_pids():
        with suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                yield pid


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def parent_of(pid: int) -> int | None:
    """The pid of a process's parent; None if there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(status.rpartition(")")[2].split()[1])
