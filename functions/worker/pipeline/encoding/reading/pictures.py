"""When the pictures of a file are shown on its clock, read from the file without decoding them."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, clock_options
from pipeline.ffmpeg import process
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import MediaFacts

_LIST_NAME = "pictures.txt"
_TIME_BASE = "#tb 0: "
_NO_TIME_STAMP = -(1 << 63)

_LAST_PICTURE_SECONDS = 1.0
"""The last picture's duration may be a mere claim. It counts up to this, or to the longest picture before."""

_EMPTY_PICTURE_BYTES = 8
"""A packet up to this size only says that the picture stays, as AVI and MPEG-4 recorders write for a fixed rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """When a file's pictures are shown, in ascending order, and when the last one ends; on the file's clock."""

    times: Sequence[float]
    end: float

    def after(self, time: float) -> float | None:
        """The time of the next picture, or None."""
        index = bisect_right(self.times, time)
        return self.times[index] if index < len(self.times) else None


async def list_pictures(path: Path, facts: MediaFacts, work_dir: Path) -> Pictures:
    """The pictures of a file by its packets. Reads it once and decodes nothing. Raises FfmpegFailed."""
    # a line for each packet
    packets = await _list(path, facts, work_dir, ["-c", "copy", "-copyinkf"])
    stored = sorted(
        (time, seconds) for time, seconds, size in packets if size > _EMPTY_PICTURE_BYTES
    )
    times = [time for time, _ in stored]
    if not times:
        return Pictures(times=(), end=-math.inf)
    longest = max((after - before for before, after in pairwise(times)), default=0.0)
    stated = max(stored[-1][1], float(1 / facts.video.frame_rate))
    end = times[-1] + min(stated, max(longest, _LAST_PICTURE_SECONDS))
    # An edit list may end the last picture earlier.
    return Pictures(times=times, end=min(end, max(facts.duration_seconds, times[-1])))


async def first_picture(path: Path, facts: MediaFacts, work_dir: Path) -> float:
    """The time of the first picture that can be decoded; infinite if none can. Raises FfmpegFailed."""
    encode = ["-c:v", "rawvideo", "-enc_time_base", "1:90000", "-frames:v", "1"]
    frames = await _list(path, facts, work_dir, encode)
    return frames[0][0] if frames else math.inf


async def _list(
    path: Path, facts: MediaFacts, work_dir: Path, options: Sequence[str]
) -> list[tuple[float, float, int]]:
    """Time and duration in seconds, and size in bytes, of each packet that ffmpeg writes with these options."""
    file = work_dir / _LIST_NAME
    arguments = [
        *KEEP_TIME_STAMPS,
        *read_file(path, facts, threads=1, options=clock_options(facts)),
        *("-map", "0:V:0", *options, "-f", "framecrc", "-y", f"file:{file.name}"),
    ]
    seconds = facts.duration_seconds
    try:
        limits = Limits.of([facts], seconds)
        await process.run(arguments, work_dir=work_dir, limits=limits, total_seconds=seconds)
        return _read(file)
    finally:
        file.unlink(missing_ok=True)


def _read(file: Path) -> list[tuple[float, float, int]]:
    """Parse the lines "stream, dts, pts, duration, size, checksum" after a header with the time base."""
    base, found = 0.0, list[tuple[float, float, int]]()
    with file.open(encoding="ascii") as lines:
        for line in lines:
            if line.startswith(_TIME_BASE):
                numerator, denominator = map(int, line.removeprefix(_TIME_BASE).split("/"))
                base = numerator / denominator
            elif not line.startswith("#"):
                dts, pts, duration, size = map(int, line.split(",")[1:5])
                found.append(
                    ((dts if pts == _NO_TIME_STAMP else pts) * base, duration * base, size)
                )
    return found
