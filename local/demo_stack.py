"""The stack of a demo: brought up for it and gone with it, however it ends; one that runs already stays."""

import os
import signal
from argparse import Namespace
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from local import commands
from local.processes.leftovers import parent_of
from local.stack.directory import StackDirectory

_ENDS = (signal.SIGTERM, signal.SIGHUP)


class NoStack(Exception):
    """There is no stack for the demo; the message says why."""


def end_in_order() -> None:
    """Lets a demo that is told to end, or loses its terminal, end as one that is interrupted does."""
    for number in _ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # make and timeout each send one, and the second must not cut the end short.
    for number in _ENDS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def demo_stack(directory: StackDirectory, *, keep: bool) -> Generator[StackDirectory]:
    """A running stack. Stops it in the end, unless it ran before or is to be kept. Raises NoStack.

    The supervisor is tied to this process, so that not even SIGKILL leaves its stack behind.
    """
    _end_stack_of_dead_demo(directory)
    try:
        status = commands.up(_options(directory, tied=not keep))
        if status == commands.INTERRUPTED:
            raise KeyboardInterrupt
        if status != 0:
            raise NoStack("there is no stack to show")
        if _tied_to(directory) not in (None, os.getpid()):
            raise NoStack("another demo has just started; try again after its end")
        yield directory
    finally:
        if _tied_to(directory) == os.getpid():
            commands.down(_options(directory))
        elif directory.lock.holder() and _tied_to(directory) is None:
            print("the stack is left running; `make down` stops it")


def _end_stack_of_dead_demo(directory: StackDirectory) -> None:
    """Waits for the end of a stack whose demo was killed. Raises NoStack while another demo runs."""
    demo = _tied_to(directory)
    if demo is None:
        return
    if parent_of(directory.lock.holder() or 0) == demo:
        raise NoStack(f"another demo runs as process {demo}; try again after its end")
    commands.down(_options(directory))


def _tied_to(directory: StackDirectory) -> int | None:
    """The pid of the demo that the running stack belongs to; None for a stack that was asked for, and for none."""
    try:
        command = Path(f"/proc/{directory.lock.holder()}/cmdline").read_bytes().split(b"\0")
        return int(command[command.index(commands.TIED_TO.encode()) + 1])
    except (OSError, ValueError):
        return None


def _options(directory: StackDirectory, *, tied: bool = False) -> Namespace:
    return Namespace(
        directory=directory.path, ports=None, foreground=False, database_only=False, tied=tied
    )
