"""Starts the children that read files, from the function's process.

The warm parent starts at the first probe, and again if it was killed.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from shared.media.input_file import LimitReached
from shared.media.readers.confinement import LIMIT_REACHED

CHILD_TIMEOUT_SECONDS = 30
"""More than the CPU time of any file but the largest: a busy machine is not the file's fault."""

_END_SECONDS = 1


class NoReport(Exception):
    """The child gave no report: it crashed."""


class TooSlow(OSError):
    """The child gave no report in time and reached no limit: the machine is too busy."""


class ParentEnded(OSError):
    """The warm parent was killed, which is not the file's fault."""


class WarmParent:
    """The process that forks the children, from when it is first needed."""

    def __init__(self, script: Path) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def fork(self, request: bytes, descriptors: list[int]) -> subprocess.Popen[bytes]:
        """Start a child. Returns the process that is its parent now. Raises OSError if none can be started."""
        with self._lock:
            if self._running:
                try:
                    return self._forked_by(*self._running, request, descriptors)
                except OSError:
                    self._end()
            return self._forked_by(*self._start(), request, descriptors)

    def end(self) -> None:
        """End it, and so its children, if it runs."""
        with self._lock:
            self._end()

    def _forked_by(
        self,
        process: subprocess.Popen[bytes],
        requests: socket.socket,
        request: bytes,
        descriptors: list[int],
    ) -> subprocess.Popen[bytes]:
        socket.send_fds(requests, [request], descriptors)
        if not requests.recv(1):
            raise ParentEnded
        return process

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        ours.settimeout(CHILD_TIMEOUT_SECONDS)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", str(self._script)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )
        self._running = process, ours
        return self._running

    def _end(self) -> None:
        if self._running:
            process, requests = self._running
            self._running = None
            requests.close()  # it then ends by itself
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Child:
    """A process that reads one file."""

    def __init__(self, parent: subprocess.Popen[bytes], descriptor: int) -> None:
        self._parent = parent
        self._descriptor = descriptor
        self._deadline = time.monotonic() + CHILD_TIMEOUT_SECONDS

    def report(self) -> bytes:
        """What it says, which may be anything. Blocks. Raises NoReport, LimitReached, TooSlow, ParentEnded."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        said = bytearray()
        while (left := self._deadline - time.monotonic()) > 0:
            if not poll.poll(left * 1000):
                continue
            if block := os.read(self._descriptor, 1 << 16):
                said += block
            elif said.endswith(LIMIT_REACHED):
                raise LimitReached
            elif said:
                return bytes(said)
            elif self._parent.poll() is None:
                raise NoReport
            else:
                raise ParentEnded
        raise TooSlow("reading a file took too long")


warm_parent = WarmParent(Path(__file__).with_name("warm_parent.py"))
"""The one of this process."""

atexit.register(warm_parent.end)


@contextmanager
def reading(file: BinaryIO, reader: str, *arguments: str | int) -> Generator[Child]:
    """A child in which a reader of `warm_parent` reads the file; it is killed at the end of the block.

    Raises OSError if no process can be started.
    """
    report, reported = os.pipe()
    ended, end = os.pipe()
    try:
        try:
            request = json.dumps([reader, *arguments]).encode()
            parent = warm_parent.fork(request, [file.fileno(), reported, ended])
        finally:
            os.close(reported)
            os.close(ended)
        yield Child(parent, report)
    finally:
        os.close(end)
        os.close(report)
