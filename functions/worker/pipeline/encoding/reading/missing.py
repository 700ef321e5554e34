"""Refuses an output that holds a picture where its source has none, or has some that cannot be decoded.

    pictures   |----|----|----|                      |----|      last one ends
    held            legitimate: the next one comes late     |=======| nothing is there

A source may hold a picture itself, as screen recordings do. So when a frame shows an old picture, the times of all
pictures are read from the file, without decoding any: what was held must have been the last one until then.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, container_seconds
from pipeline.encoding.reading.shown import Reading, Shown, parts
from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import MediaFacts

HOLD_TOLERANCE_SECONDS = 0.5
"""How long an output may hold a picture when its source has none, or two pictures' time if that is longer."""

_TIMES_NAME = "times.txt"
_TIME_BASE = "#tb 0: "
_NO_TIME_STAMP = -(1 << 63)

_LAST_PICTURE_SECONDS = 1.0

_EMPTY_PICTURE_BYTES = 8
"""A packet up to this size only says that the picture stays, as AVI and MPEG-4 recorders write for a fixed rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """When a file's pictures are shown, in ascending order, and when the last one ends; in the container's seconds."""

    times: Sequence[float]
    end: float

    def after(self, time: float) -> float | None:
        """The time of the next picture, or None."""
        index = bisect_right(self.times, time)
        return self.times[index] if index < len(self.times) else None


def hold_tolerance(facts: MediaFacts) -> float:
    """How many seconds a picture may be held without a reason in the source."""
    return max(HOLD_TOLERANCE_SECONDS, float(2 / facts.video.frame_rate))


async def refuse_missing(
    readings: Sequence[Reading], shown: Shown, rate: Fraction, work_dir: Path
) -> None:
    """Refuse an output whose frames showed `shown` if it held a picture for longer than tolerated.

    Raises:
        FfmpegFailed: permanent; says where the source's picture ends, or which part of it cannot be decoded.

    """
    listed = dict[Path, Pictures]()
    for cut, picture, until in _held(readings, shown, rate):
        if cut.path not in listed:
            listed[cut.path] = await list_pictures(cut.path, cut.facts, work_dir)
        _refuse(listed[cut.path], cut, picture, until)


async def refuse_cuts_beyond_the_end(cuts: Sequence[Cut], work_dir: Path) -> None:
    """Refuse an output that lacks frames if the reason is a cut after the last picture. Raises FfmpegFailed."""
    listed = dict[Path, Pictures]()
    for cut in cuts:
        if cut.path not in listed:
            listed[cut.path] = await list_pictures(cut.path, cut.facts, work_dir)
        pictures = listed[cut.path]
        if container_seconds(cut.facts, cut.end) - pictures.end > hold_tolerance(cut.facts):
            raise _beyond_the_end(pictures, cut)


async def list_pictures(path: Path, facts: MediaFacts, work_dir: Path) -> Pictures:
    """The pictures of a file. Reads it once and decodes nothing. Raises FfmpegFailed."""
    file = work_dir / _TIMES_NAME
    arguments = [
        *KEEP_TIME_STAMPS,
        *read_file(path, facts, threads=1),
        # a line for each packet
        *("-map", "0:V:0", "-c", "copy", "-copyinkf", "-f", "framecrc", "-y", f"file:{file.name}"),
    ]
    seconds = facts.duration_seconds
    try:
        limits = Limits.of([facts], seconds)
        await process.run(arguments, work_dir=work_dir, limits=limits, total_seconds=seconds)
        return _read(file, float(1 / facts.video.frame_rate))
    finally:
        file.unlink(missing_ok=True)


def _read(file: Path, usual_seconds: float) -> Pictures:
    """Parse the lines "stream, dts, pts, duration, size, checksum" after a header with the time base."""
    base, packets = 0.0, list[tuple[float, float]]()
    with file.open(encoding="ascii") as lines:
        for line in lines:
            if line.startswith(_TIME_BASE):
                numerator, denominator = map(int, line.removeprefix(_TIME_BASE).split("/"))
                base = numerator / denominator
            elif not line.startswith("#"):
                dts, pts, duration, size = map(int, line.split(",")[1:5])
                if size > _EMPTY_PICTURE_BYTES:
                    ticks = dts if pts == _NO_TIME_STAMP else pts
                    packets.append((ticks * base, duration * base))
    packets.sort()
    times = [time for time, _ in packets]
    if not packets:
        return Pictures(times=(), end=-math.inf)
    # The last duration may be a mere claim, so it counts up to that of the longest picture before.
    longest = max((after - before for before, after in pairwise(times)), default=0.0)
    stated = max(packets[-1][1], usual_seconds)
    return Pictures(times=times, end=times[-1] + min(stated, max(longest, _LAST_PICTURE_SECONDS)))


def _held(
    readings: Sequence[Reading], shown: Shown, rate: Fraction
) -> list[tuple[Cut, float, float]]:
    """Each cut's pictures that were held for longer than tolerated: the picture's time, and the last frame's."""
    found = list[tuple[Cut, float, float]]()
    for reading, part in zip(readings, parts(readings, shown), strict=True):
        tolerance = hold_tolerance(reading.cut.facts)
        numbered = ((picture, frame) for frame, picture in enumerate(part) if picture)
        for _, group in groupby(numbered, key=lambda pair: pair[0].number):
            frames = list(group)
            picture, first = frames[0]
            since, until = picture.seconds, reading.time_of(frames[-1][1], rate)
            since = reading.time_of(first, rate) if since is None else since
            if until - since > tolerance:
                found.append((reading.cut, since, until))
    return found


def _refuse(pictures: Pictures, cut: Cut, picture: float, until: float) -> None:
    tolerance = hold_tolerance(cut.facts)
    following = pictures.after(picture + 0.001)
    if following is None:
        if until - pictures.end > tolerance:
            raise _beyond_the_end(pictures, cut)
    elif until - following > tolerance:
        zero = cut.facts.clock_start_seconds
        raise FfmpegFailed(
            "Part of the video could not be decoded:"
            f" its pictures from {following - zero:.3f} to {until - zero:.3f} seconds are damaged."
        )


def _beyond_the_end(pictures: Pictures, cut: Cut) -> FfmpegFailed:
    end = pictures.end - cut.facts.clock_start_seconds
    return FfmpegFailed(
        f"The video's picture ends at {end:.3f} seconds, but the clip needs it until {cut.end:.3f} seconds."
    )
