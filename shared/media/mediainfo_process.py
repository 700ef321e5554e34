"""Run as a script by shared.media.probe: prints MediaInfo's report about standard input as JSON.

MediaInfo is a C++ parser, and the files are untrusted. In a short-lived child with limits it may
crash, hang or exhaust its memory, while the function goes on serving.
The script imports only MediaInfo, so that it starts fast.
"""

import json
import resource
import sys

from pymediainfo import MediaInfo

MEMORY_BYTES = 160 << 20
CPU_SECONDS = 4
"""Ordinary files take 0.1 s, whatever their size, because MediaInfo reads only headers and the first pictures."""

MAX_TRACKS = 100
MAX_CHARACTERS = 4 << 20
"""The parent process reads the whole output into memory."""


def main() -> None:
    """Print the tracks of standard input."""
    if not MediaInfo.can_parse():
        sys.exit("MediaInfo's library is missing")
    _confine()
    info = MediaInfo.parse(sys.stdin.buffer, parse_speed=0.5)
    tracks = info.to_data()["tracks"][:MAX_TRACKS]  # pyright: ignore[reportUnknownMemberType]
    text = json.dumps(tracks)
    if len(text) > MAX_CHARACTERS:
        sys.exit("the file has too much metadata")
    sys.stdout.write(text)


def _confine() -> None:
    # MediaInfo opens the files and URLs that a playlist or a reference movie names, even when it
    # reads from a stream. With a limit of three open files it has only its standard streams.
    for limit, value in (
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main()
