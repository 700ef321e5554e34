"""Run as a script by shared.media.probe: prints what the packets of standard input say, as JSON.

libav is a C library, and the files are untrusted. In a short-lived child with limits it may crash, hang or exhaust its
memory, while the function goes on serving.
Arguments: the demuxer, the maximum of streams, and the range of bytes that the file lacks.
"""

import importlib
import json
import os
import resource
import sys

sys.path.insert(0, os.path.abspath(f"{__file__}/../../.."))  # noqa: PTH100 - importing pathlib takes time

from shared.media.decoders import DECODERS
from shared.media.input_file import InputFile

_IMPORTED_LATE = ("av.subtitles.stream", "av.subtitles.codeccontext")
"""PyAV's modules that it would import when a file has text, but by then the process may open no file."""

MEMORY_BYTES = 256 << 20

BASE_CPU_SECONDS = 6
CPU_SECONDS_PER_MIB = 0.2
"""Several times what the smallest packets take: the cost follows what a file holds, not what it claims."""

MAX_READ_RATIO = 2
BASE_READ_BYTES = 64 << 20


def main(demuxer: str, max_streams: str, unread_from: str, unread_to: str) -> None:
    """Print the measured streams of standard input."""
    from shared.media.packets import measure  # noqa: PLC0415 - the function's process must not load libav

    for module in _IMPORTED_LATE:
        importlib.import_module(module)
    size = os.fstat(sys.stdin.fileno()).st_size
    _confine(round(BASE_CPU_SECONDS + size / (1 << 20) * CPU_SECONDS_PER_MIB))
    unread = range(int(unread_from), int(unread_to))
    file = InputFile(sys.stdin.fileno(), unread, BASE_READ_BYTES + MAX_READ_RATIO * size)
    json.dump(measure(file, demuxer, ",".join(DECODERS), int(max_streams)), sys.stdout)


def _confine(cpu_seconds: int) -> None:
    # With a limit of three open files libav has only its standard streams, whatever a file names.
    for limit, value in (
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main(*sys.argv[1:])
