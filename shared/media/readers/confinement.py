"""The limits of a child process that reads a file. The kernel enforces them, in proportion to the file."""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION = 0x20080522

LIMIT_REACHED = b"\0limit"
"""What ends the report about a file that cost more than it may. No report has a null."""

BASE_CPU_SECONDS = 1
"""Ordinary files take 0.05 s, and a slower machine several times that."""


def cpu_seconds_for(size: int, per_mib: float) -> int:
    """The CPU time for a file of `size` bytes. The kernel counts whole seconds."""
    return round(BASE_CPU_SECONDS + size / (1 << 20) * per_mib)


def confine(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit this process to its standard streams, and to this much more memory than it already has."""
    # MediaInfo and libav open the files and URLs that a playlist or a reference movie names, even when they
    # read from a stream. With a limit of three open files they have only their standard streams.
    mapped = _mapped_bytes()
    for limit, value in (
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, mapped + memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    # At the soft limit the kernel sends SIGXCPU, which tells the cause, and at the hard limit SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def give_up_rights() -> None:
    """Drop all capabilities of this process, for good: with root's, it could read the function's secrets in /proc.

    Source: capset(2).
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        header, none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
        libc.capset(header, none)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent, with this process id, ends in any way."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that took effect
        os._exit(1)


def _mapped_bytes() -> int:
    """The address space that this process uses: mostly the code of libraries, which it shares with its parent."""
    with open("/proc/self/statm", "rb") as numbers:  # noqa: PTH123 - importing pathlib takes time
        return int(numbers.read().split()[0]) * resource.getpagesize()
