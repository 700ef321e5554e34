"""MediaInfo's report about a file: how its picture is to be shown, and which tracks it has.

MediaInfo is a C++ parser, and the files are untrusted. In a short-lived child with limits it may
crash, hang or exhaust its memory, while the function goes on serving.
"""

import json
import sys

from pymediainfo import MediaInfo

from shared.media.readers.confinement import confine

MEMORY_BYTES = 120 << 20
CPU_SECONDS = 4
"""Ordinary files take 0.05 s, whatever their size, because MediaInfo reads only headers and the first pictures."""

MAX_TRACKS = 100
MAX_CHARACTERS = 4 << 20
"""The function reads the whole report into memory."""


def load() -> None:
    """Load MediaInfo's library."""
    if not MediaInfo.can_parse():
        sys.exit("MediaInfo's library is missing")


def report(descriptor: int) -> str:
    """The tracks of a file as JSON. Confines this process."""
    confine(memory_bytes=MEMORY_BYTES, cpu_seconds=CPU_SECONDS)
    with open(descriptor, "rb", closefd=False) as file:
        info = MediaInfo.parse(file, parse_speed=0.5)
    tracks = info.to_data()["tracks"][:MAX_TRACKS]  # pyright: ignore[reportUnknownMemberType]
    text = json.dumps(tracks)
    if len(text) > MAX_CHARACTERS:
        sys.exit("the file has too much metadata")
    return text
