"""Run as a script by shared.media.readers.children: has the libraries loaded, and forks a child for each report.

Its standard input is a socket. A request is a JSON list, the reader and its arguments, with three descriptors: the
file, a pipe for the report, and a pipe that the function closes when the child is to end. The response is one byte.

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

sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))  # noqa: PTH100 - importing pathlib takes time

from shared.media.readers import libav, mediainfo
from shared.media.readers.confinement import die_with

READERS: dict[str, Callable[..., str]] = {"libav": libav.report, "mediainfo": mediainfo.report}

MAX_OPEN_FILES = 64
MAX_REQUEST_BYTES = 4096


def main() -> None:
    """Serve requests until the function ends."""
    libav.load()
    mediainfo.load()
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    # Otherwise a collection in a child would write to all objects, and so copy their memory.
    gc.freeze()
    children: dict[int, int] = {}
    try:
        _serve(socket.socket(fileno=0), children)
    finally:
        for child in children.values():
            os.kill(child, signal.SIGKILL)


def _serve(requests: socket.socket, children: dict[int, int]) -> None:
    """Keep `children`: process ids, by the pipe that says when the child is to end."""
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
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
            children[end] = _fork(json.loads(request), file, report)
            os.close(file)
            os.close(report)
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
        reader, *arguments = request
        text = READERS[str(reader)](0, *arguments)
        with open(1, "w", closefd=False) as output:
            output.write(text)
    finally:
        os._exit(0)  # at once: nothing of the parent's is to be cleaned up here


def _end(child: int) -> None:
    # It has not been waited for, so its process id cannot be another process's by now.
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
