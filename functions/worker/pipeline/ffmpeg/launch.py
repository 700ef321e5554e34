"""Becomes another program within limits, that dies with the process that started it: run as a script.

    python -I -S launch.py <pid of the starter> <limits, see `confine`> <program> <arguments...>

The kernel kills the program (PR_SET_PDEATHSIG survives exec) when the worker ends in any way, kill -9
and out-of-memory included. Doing it here, in about 10 ms, needs no Python code between fork and exec
in the worker, which has threads.
Sources: prctl(2), unshare(2), getrlimit(2), setitimer(2).
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
THREAD_STACK_BYTES = 2 << 20


def main(starter: int, limits: str, program: str, *arguments: str) -> None:
    """Replace this process by `program`, with an empty environment."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        _leave_network(libc)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:  # it died before the line above could count
        sys.exit(1)
    confine(*map(int, limits.split(",")))
    os.execve(program, [program, *arguments], {})  # noqa: S606


def confine(
    cpu_seconds: int, wall_seconds: int, memory_bytes: int, file_bytes: int, open_files: int
) -> None:
    """Limit this process, and what it becomes, such that the end tells which limit was reached.

    Time is watched by timers, which survive exec as limits do: their signals, unlike the SIGXCPU of RLIMIT_CPU, are
    none that ffmpeg catches. SIGPROF is the CPU's, SIGALRM the wall clock's, SIGXFSZ a file's.
    """
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_NOFILE, open_files)
    _limit(resource.RLIMIT_CORE, 0)
    # A thread's stack counts as a whole, used or not, and 40 cuts make 130 threads.
    _limit(resource.RLIMIT_STACK, THREAD_STACK_BYTES)
    # The soft limit alone, so that whoever manages this machine may go on changing it.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_lower(file_bytes, soft), hard))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it, and so would the program
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def _limit(kind: int, value: int) -> None:
    most = _lower(value, resource.getrlimit(kind)[1])
    resource.setrlimit(kind, (most, most))


def _lower(value: int, limit: int) -> int:
    return value if limit == resource.RLIM_INFINITY else min(value, limit)


def _leave_network(libc: ctypes.CDLL) -> None:
    """Move to an empty network of its own, without even a loopback; where that is not permitted, do nothing."""
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)  # who is not root may as root of nothing


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
