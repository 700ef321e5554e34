"""Runs functions-framework so that none of its processes outlives its parent.

gunicorn's forked workers keep the port when their master is killed; here each dies with it.
"""

import os
import runpy
import signal

from local.processes.launch import die_with_parent

_parent = os.getpid()


def main() -> None:
    """Behaves like the command `functions-framework` with the same arguments."""
    os.register_at_fork(before=_remember_parent, after_in_child=_die_with_parent)
    runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)


def _remember_parent() -> None:
    global _parent  # noqa: PLW0603 - fork hooks take no arguments
    _parent = os.getpid()


def _die_with_parent() -> None:
    die_with_parent(_parent, signal.SIGKILL)


if __name__ == "__main__":
    main()
