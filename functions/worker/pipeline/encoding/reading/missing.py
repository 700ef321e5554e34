"""Refuses an output that holds a picture where its source has none, or has some that cannot be decoded.

    pictures   |----|----|----|                      |----|      last one ends
    held            legitimate: the next one comes late     |=======| nothing is there

A source may hold a picture itself, as screen recordings do. So when a frame shows an old picture, the times of all
pictures are read from the file, without decoding any: what was held must have been the last one until then.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.pictures import Pictures, list_pictures
from pipeline.encoding.reading.shown import Reading, Shown, parts
from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import MediaFacts

HOLD_TOLERANCE_SECONDS = 0.5
"""How long an output may hold a picture when its source has none, or two pictures' time if that is longer."""

MAX_UNDECODABLE_START_SECONDS = 10.0
"""A recording that begins between keyframes may show black for so long; if more is missing, it is damaged."""


def hold_tolerance(facts: MediaFacts) -> float:
    """How many seconds a picture may be held without a reason in the source."""
    return max(HOLD_TOLERANCE_SECONDS, float(2 / facts.video.frame_rate))


async def refuse_missing(readings: Sequence[Reading], shown: Shown, work_dir: Path) -> None:
    """Refuse an output whose frames showed `shown` if it held a picture for longer than tolerated.

    Raises:
        FfmpegFailed: permanent; says where the source's picture ends, or which part of it cannot be decoded.

    """
    for reading in readings:
        _refuse_damaged_beginning(reading)
    listed = dict[Path, Pictures]()
    for cut, picture, until in _held(readings, shown):
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
        if cut.end - pictures.end > hold_tolerance(cut.facts):
            raise _beyond_the_end(pictures, cut)


def _held(readings: Sequence[Reading], shown: Shown) -> list[tuple[Cut, float, float]]:
    """Each cut's pictures that were held for longer than tolerated: the picture's time, and the last frame's."""
    found = list[tuple[Cut, float, float]]()
    for reading, part in zip(readings, parts(readings, shown), strict=True):
        tolerance = hold_tolerance(reading.cut.facts)
        numbered = ((picture, frame) for frame, picture in enumerate(part) if picture)
        for _, group in groupby(numbered, key=lambda pair: pair[0].number):
            frames = list(group)
            picture, first = frames[0]
            since, until = picture.seconds, reading.time_of(frames[-1][1])
            since = reading.time_of(first) if since is None else since
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
        raise _damaged(following, until)


def _refuse_damaged_beginning(reading: Reading) -> None:
    begin = reading.cut.facts.video.start_seconds
    if reading.black_frames and reading.first_picture - begin > MAX_UNDECODABLE_START_SECONDS:
        raise _damaged(begin, reading.first_picture)


def _damaged(start: float, end: float) -> FfmpegFailed:
    return FfmpegFailed(
        "Part of the video could not be decoded:"
        f" its pictures from {start:.3f} to {end:.3f} seconds are damaged."
    )


def _beyond_the_end(pictures: Pictures, cut: Cut) -> FfmpegFailed:
    return FfmpegFailed(
        f"The video's picture ends at {pictures.end:.3f} seconds, but the clip needs it until {cut.end:.3f} seconds."
    )
