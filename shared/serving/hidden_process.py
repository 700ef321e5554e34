"""Hides a function's memory and environment, which hold its secrets, from the programs that it starts."""

import ctypes
import sys

_PR_SET_DUMPABLE = 4


def hide_process() -> None:
    """Let no process of the same user read this one's `/proc` files or memory, nor those of its forks.

    ffmpeg and the probe's children run as the same user and read strangers' files. Root could still look, so they also
    have no capabilities. Source: prctl(2), ptrace(2).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
