"""Run as a script: sets limits, then becomes another program that dies with the process that started it.

    python -I -S launch.py <pid of the starter> <limits, see `confine`> <program> <arguments...>

The kernel kills the program (PR_SET_PDEATHSIG survives exec) when the worker ends in any way, kill -9
and out-of-memory included. A script of its own costs about 10 ms, and avoids Python code between fork
and exec in the worker, which has threads.
Sources: prctl(2), unshare(2), getrlimit(2), setitimer(2).
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITIES = 64
CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
THREAD_STACK_BYTES = 2 << 20


def main(starter: int, limits: str, program: str, *arguments: str) -> None:
    """Replace this process by `program`, with an empty environment."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        _leave_network(libc)
        _give_up_rights(libc)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:  # the starter died before prctl took effect
        sys.exit(1)
    confine(*map(int, limits.split(",")))
    os.execve(program, [program, *arguments], {})  # noqa: S606


def confine(
    cpu_seconds: int, wall_seconds: int, memory_bytes: int, file_bytes: int, open_files: int
) -> None:
    """Limit this process and the program it becomes, so that the exit status shows which limit was reached.

    Timers watch the time, because ffmpeg catches SIGXCPU, the signal of RLIMIT_CPU, but not those of timers; like
    limits they survive exec. SIGPROF means CPU time, SIGALRM wall-clock time, SIGXFSZ file size.
    """
    _limit(resource.RLIMIT_DATA, memory_bytes)
    _limit(resource.RLIMIT_NOFILE, open_files)
    _limit(resource.RLIMIT_CORE, 0)
    # The whole stack of a thread counts, used or not, and 40 cuts make 130 threads.
    _limit(resource.RLIMIT_STACK, THREAD_STACK_BYTES)
    # Only the soft limit, so that the machine's operator can still change it.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_lower(file_bytes, soft), hard))
    signal.signal(
        signal.SIGXFSZ, signal.SIG_DFL
    )  # Python ignores it, and the program would inherit that
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def _limit(kind: int, value: int) -> None:
    maximum = _lower(value, resource.getrlimit(kind)[1])
    resource.setrlimit(kind, (maximum, maximum))


def _lower(value: int, limit: int) -> int:
    return value if limit == resource.RLIM_INFINITY else min(value, limit)


def _give_up_rights(libc: ctypes.CDLL) -> None:
    """Keep root's capabilities from the program, which could otherwise read the worker's secrets in /proc.

    Another user than root has none, and may not change them.
    """
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _leave_network(libc: ctypes.CDLL) -> None:
    """Move to an empty network namespace, without even a loopback. Does nothing where that is not permitted."""
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(
            CLONE_NEWUSER | CLONE_NEWNET
        )  # without root: allowed as root of a new user namespace


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
