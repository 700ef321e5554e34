"""MediaInfo's report about a file: how its picture is to be shown, and which tracks it has.

MediaInfo is a C++ parser, and the files are untrusted. In a short-lived child with limits it may
crash, hang or exhaust its memory, while the function goes on serving.
"""

import json
import os
import sys
from typing import Any, cast

from pymediainfo import MediaInfo

from shared.media.input_file import LimitReached
from shared.media.readers.confinement import confine, cpu_seconds_for
from shared.media.readers.without_chapters import WithoutChapters

MEMORY_BYTES = 120 << 20

CPU_SECONDS_PER_MIB = 0.1
MAX_CPU_SECONDS = 4
"""Ordinary files take 0.05 s, whatever their size, because MediaInfo reads only headers and the first pictures."""

MAX_TRACKS = 100

FIELDS = frozenset(
    {
        *("track_type", "format", "codec_id", "duration", "istruncated", "encryption"),
        *("width", "height", "rotation", "pixel_aspect_ratio", "scan_type", "bit_depth"),
        *("color_space", "color_primaries", "matrix_coefficients", "transfer_characteristics"),
    }
)
"""What the probe reads of a track. A file may add any number of other fields, of any size."""

MAX_CHARACTERS = 4 << 20
"""The function reads the whole report into memory."""


def load() -> None:
    """Load MediaInfo's library."""
    if not MediaInfo.can_parse():
        sys.exit("MediaInfo's library is missing")


def report(descriptor: int) -> str:
    """The tracks of a file as JSON. Confines this process. Raises LimitReached."""
    size = os.fstat(descriptor).st_size
    seconds = min(MAX_CPU_SECONDS, cpu_seconds_for(size, CPU_SECONDS_PER_MIB))
    confine(memory_bytes=MEMORY_BYTES, cpu_seconds=seconds)
    with WithoutChapters(descriptor) as file:
        info = MediaInfo.parse(file, parse_speed=0.5)
    tracks = cast("list[dict[str, Any]]", info.to_data()["tracks"])  # pyright: ignore[reportUnknownMemberType]
    known = [
        {name: value for name, value in track.items() if name in FIELDS}
        for track in tracks[:MAX_TRACKS]
    ]
    text = json.dumps(known)
    if len(text) > MAX_CHARACTERS:
        raise LimitReached
    return text
