"""Prints what MediaInfo says about one file, as JSON: a process of its own, run by shared.media.

A parser written in C++ meets files from strangers here. As a short-lived child it may crash, hang
or eat memory and only its own limits suffer; the function that asked goes on serving.
It imports nothing but MediaInfo, so that starting it stays cheap.
"""

import json
import resource
import sys
from pathlib import Path

from pymediainfo import MediaInfo

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
THOROUGH = "--thorough"


def main(name: str, *options: str) -> None:
    """Print the tracks of file `name`; with --thorough the whole file is read, not its headers."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # MediaInfo gets bytes, never a name: by name it opens other files that a playlist or a
    # reference movie mentions, and looks in the folder for files numbered alike.
    with Path(name).open("rb") as file:
        info = MediaInfo.parse(file, parse_speed=1.0 if THOROUGH in options else 0.5)
    tracks = [track.to_data() for track in info.tracks]
    json.dump(tracks, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
