"""Looks for ffmpeg processes by the file they write, and waits for them to end."""

import os
import select
from pathlib import Path


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
    """True when every process has ended within `seconds` each; no polling, the kernel tells."""
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
    """The environment that a process was given."""
    return Path(f"/proc/{pid}/environ").read_bytes()
