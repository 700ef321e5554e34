"""Closes the jumps of a file's clock, as broadcasts and joined recordings have them.

    time stamps   5001 ... 5011 | 3 ... 13        seeking in it finds nothing, or the wrong place
    copy             0 ...   10 | 10 ... 20       on the file's clock

ffmpeg closes jumps when it reads a file from its start to its end, and only then. So the file is copied once, without
decoding, and the copy is used in its place.
"""

from pathlib import Path

from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import MediaFacts

_MUXERS = {"mpegts": "mpegts", "mpegps": "vob"}


async def close_jumps(path: Path, facts: MediaFacts, target: Path, *, work_dir: Path) -> None:
    """Write picture and sound of the file, whose clock jumps, to the absolute path `target`. Raises FfmpegFailed."""
    seconds = facts.duration_seconds
    arguments = [
        *read_file(path, facts, threads=1),
        *("-map", "0:V:0", "-map", "0:a?", "-c", "copy", "-muxdelay", "0", "-muxpreload", "0"),
        *("-f", _MUXERS[facts.container], "-y", f"file:{target}"),
    ]
    limits = Limits.of([facts], seconds)
    await process.run(arguments, work_dir=work_dir, limits=limits, total_seconds=seconds)
