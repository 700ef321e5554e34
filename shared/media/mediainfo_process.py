"""Prints what MediaInfo says about the file on standard input, as JSON: run by shared.media.probe.

A parser written in C++ meets files from strangers here. As a short-lived child it may crash, hang
or eat memory and only its own limits suffer; the function that asked goes on serving.
It imports nothing but MediaInfo, so that starting it stays cheap.
"""

import json
import resource
import sys

from pymediainfo import MediaInfo

MEMORY_BYTES = 384 << 20
CPU_SECONDS = 20
MAX_TRACKS = 100
MAX_CHARACTERS = 4 << 20
"""Who asked takes it all into memory."""

THOROUGH = "--thorough"


def main(*options: str) -> None:
    """Print the tracks of standard input; --thorough reads the whole file, not its headers."""
    if not MediaInfo.can_parse():
        sys.exit("MediaInfo's library is missing")
    _confine()
    info = MediaInfo.parse(sys.stdin.buffer, parse_speed=1.0 if THOROUGH in options else 0.5)
    tracks = info.to_data()["tracks"][:MAX_TRACKS]  # pyright: ignore[reportUnknownMemberType]
    text = json.dumps(tracks)
    if len(text) > MAX_CHARACTERS:
        sys.exit("the file has too much metadata")
    sys.stdout.write(text)


def _confine() -> None:
    # MediaInfo opens the other files that a playlist or a reference movie mentions, on disk or by
    # URL, even when it is given bytes. Past its three standard streams it can open nothing.
    for limit, value in (
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


if __name__ == "__main__":
    main(*sys.argv[1:])
