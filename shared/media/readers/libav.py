"""What the packets of a file say, by libav.

libav is a C library, and the files are untrusted. In a short-lived child with limits it may crash, hang or exhaust its
memory, while the function goes on serving.
"""

import importlib
import json
import os

from shared.media.decoders import DECODERS
from shared.media.input_file import InputFile
from shared.media.packets.measure import measure
from shared.media.readers.confinement import confine, cpu_seconds_for

_IMPORTED_LATE = ("av.subtitles.stream", "av.subtitles.codeccontext")
"""PyAV's modules that it would import when a file has text, but by then the process may open no file."""

MEMORY_BYTES = 134 << 20

CPU_SECONDS_PER_MIB = 0.2
"""Several times what the smallest packets take: the cost follows what a file holds, not what it claims."""

MAX_READ_RATIO = 2
BASE_READ_BYTES = 64 << 20


def load() -> None:
    """Load what PyAV has not loaded yet."""
    for module in _IMPORTED_LATE:
        importlib.import_module(module)


def report(
    descriptor: int, demuxer: str, max_streams: int, unread_from: int, unread_to: int
) -> str:
    """The measured streams of a file as JSON (see shared.media.measured). Confines this process.

    `unread_from` and `unread_to` are the range of bytes that the file lacks. Raises LimitReached.
    """
    size = os.fstat(descriptor).st_size
    confine(memory_bytes=MEMORY_BYTES, cpu_seconds=cpu_seconds_for(size, CPU_SECONDS_PER_MIB))
    unread = range(unread_from, unread_to)
    file = InputFile(descriptor, unread, BASE_READ_BYTES + MAX_READ_RATIO * size)
    return json.dumps(measure(file, demuxer, ",".join(DECODERS), max_streams))
