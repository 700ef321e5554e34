"""A demo's stack: it starts and ends with the demo, however that ends; a stack that already runs is left alone."""

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

_END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class NoStack(Exception):
    """There is no stack for the demo; the message says why."""


def end_gracefully() -> None:
    """Makes SIGTERM and SIGHUP (a closed terminal) end the demo like Ctrl-C."""
    for number in _END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # make and timeout may each send a signal, and the second one must not interrupt the shutdown.
    for number in _END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def demo_stack(directory: StackDirectory, *, keep: bool) -> Generator[StackDirectory]:
    """A running stack, stopped at the end unless it already ran or is to be kept. Raises NoStack.

    The supervisor is tied to this process, so that even SIGKILL does not leave the stack running.
    """
    _end_stack_of_dead_demo(directory)
    try:
        status = commands.up(_options(directory, tied=not keep))
        if status == commands.INTERRUPTED:
            raise KeyboardInterrupt
        if status != 0:
            raise NoStack("there is no stack to show")
        if _tied_to(directory) not in (None, os.getpid()):
            raise NoStack("another demo has just started; try again when it has ended")
        yield directory
    finally:
        if _tied_to(directory) == os.getpid():
            commands.down(_options(directory))
        elif directory.lock.holder() and _tied_to(directory) is None:
            print("the stack is left running; `make down` stops it")


def _end_stack_of_dead_demo(directory: StackDirectory) -> None:
    """Stops the stack of a killed demo. Raises NoStack while another demo runs."""
    demo = _tied_to(directory)
    if demo is None:
        return
    if parent_of(directory.lock.holder() or 0) == demo:
        raise NoStack(f"another demo runs as process {demo}; try again when it has ended")
    commands.down(_options(directory))


def _tied_to(directory: StackDirectory) -> int | None:
    """The pid of the demo that started the running stack; None if it was started by `up`, or if none runs."""
    try:
        command = Path(f"/proc/{directory.lock.holder()}/cmdline").read_bytes().split(b"\0")
        return int(command[command.index(commands.TIED_TO.encode()) + 1])
    except (OSError, ValueError):
        return None


def _options(directory: StackDirectory, *, tied: bool = False) -> Namespace:
    return Namespace(
        directory=directory.path, ports=None, foreground=False, database_only=False, tied=tied
    )
