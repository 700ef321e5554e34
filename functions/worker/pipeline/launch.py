"""Becomes another program that dies with the process that started it: run as a script.

    python -I -S launch.py <pid of the starter> <program> <arguments...>

The kernel kills the program (PR_SET_PDEATHSIG survives exec) when the worker ends in any way, kill -9
and out-of-memory included. Doing it here, in about 10 ms, needs no Python code between fork and exec
in the worker, which has threads.
Source: prctl(2).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(starter: int, program: str, *arguments: str) -> None:
    """Replace this process by `program`, with an empty environment."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != starter:  # it died before the line above could count
        sys.exit(1)
    os.execve(program, [program, *arguments], {})  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
