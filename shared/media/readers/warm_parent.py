"""Run as a script by shared.media.readers.children: has the libraries loaded, and forks a child for each report.

Its standard input is a socket. A request is a JSON list, the reader and its arguments, with three descriptors: the
file, a pipe for the report, and a pipe that the function closes when the child is to end. The response is one byte.
The kernel ends a child at its limit of CPU time; then this process completes the report by LIMIT_REACHED.

It reads no file itself and has one thread, so that a fork copies a whole and clean process. When the function ends, the
socket closes, and this process and its children end.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))  # noqa: PTH100 - importing pathlib takes time

from shared.media.input_file import LimitReached
from shared.media.readers import libav, mediainfo
from shared.media.readers.confinement import LIMIT_REACHED, die_with, give_up_rights

READERS: dict[str, Callable[..., str]] = {"libav": libav.report, "mediainfo": mediainfo.report}

MAX_OPEN_FILES = 64
MAX_REQUEST_BYTES = 4096


@dataclass
class Child:
    """A process that reads a file, with the pipe for its report. `running` is False once it was waited for."""

    process_id: int
    report: int
    running: bool = True


def main() -> None:
    """Serve requests until the function ends."""
    libav.load()
    mediainfo.load()
    give_up_rights()
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    # Otherwise a collection in a child would write to all objects, and so copy their memory.
    gc.freeze()
    children: dict[int, Child] = {}
    try:
        _serve(socket.socket(fileno=0), children, _ended_children())
    finally:
        for child in children.values():
            _end(child)


def _ended_children() -> int:
    """A pipe that becomes readable when a child has ended."""
    ended, wake_up = os.pipe()
    os.set_blocking(ended, False)
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _ignore)
    return ended


def _ignore(number: int, frame: FrameType | None) -> None:
    """Handle a signal that only wakes this process up."""


def _serve(requests: socket.socket, children: dict[int, Child], ended: int) -> None:
    """Keep `children`: by the pipe that says when the child is to end."""
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    poll.register(ended, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if ended in ready:
            os.read(ended, 4096)
            for child in children.values():
                _complete(child)
        # First, so that a child has ended before the next one of the same caller starts.
        for end in ready & children.keys():
            poll.unregister(end)
            os.close(end)
            _end(children.pop(end))
        if requests.fileno() in ready:
            request, descriptors, _, _ = socket.recv_fds(requests, MAX_REQUEST_BYTES, 3)
            if not request:
                return
            file, report, end = descriptors
            children[end] = Child(_fork(json.loads(request), file, report), report)
            os.close(file)
            poll.register(end, select.POLLIN)
            requests.send(b".")


def _fork(request: list[str | int], file: int, report: int) -> int:
    """Start a child, which gets the file as its standard input and has no other descriptor of this process."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        die_with(parent)
        os.dup2(file, 0)
        os.dup2(report, 1)
        os.closerange(3, MAX_OPEN_FILES)
        with open(1, "wb", closefd=False) as output:
            output.write(_report(request))
    finally:
        os._exit(0)  # at once: nothing of the parent's is to be cleaned up here


def _report(request: list[str | int]) -> bytes:
    reader, *arguments = request
    try:
        return READERS[str(reader)](0, *arguments).encode()
    except LimitReached:
        return LIMIT_REACHED


def _complete(child: Child) -> None:
    """Let the report of a child end if the child has ended, and say whether a limit ended it."""
    if not child.running:
        return
    ended, status = os.waitpid(child.process_id, os.WNOHANG)
    if not ended:
        return
    child.running = False
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        # If the pipe is full, the function is reading it.
        os.write(child.report, LIMIT_REACHED)
    os.close(child.report)


def _end(child: Child) -> None:
    # If it has not been waited for, its process id cannot be another process's by now.
    if child.running:
        os.kill(child.process_id, signal.SIGKILL)
        os.waitpid(child.process_id, 0)
        os.close(child.report)


if __name__ == "__main__":
    main()
