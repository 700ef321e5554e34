"""Repeats a run of ffmpeg until its output shows the right pictures, or refuses it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.encoding.reading.missing import refuse_cuts_beyond_the_end, refuse_missing
from pipeline.encoding.reading.pictures import first_picture
from pipeline.encoding.reading.shown import NOTES_NAME, Reading, Shown, parts, read_shown
from pipeline.ffmpeg.failure import FfmpegFailed

Run = Callable[[Sequence[Reading]], Awaitable[None]]


async def run_until_right(run: Run, readings: Sequence[Reading], work_dir: Path) -> None:
    """Await `run`, an ffmpeg run in `work_dir` with NOTE_SHOWN, until each frame shows the picture of its time.

    The first run nearly always does. Where a source's index leads to a wrong place, the next one reads from earlier.

    Raises:
        FfmpegFailed: as `run` does, or a picture was held because nothing was there, or nothing that can be decoded.

    """
    try:
        while True:
            shown = await _shown(run, readings, work_dir)
            better = await _better(readings, shown, work_dir)
            done = [each.plan for each in better] == [each.plan for each in readings]
            readings = better
            if done:
                break
    finally:
        (work_dir / NOTES_NAME).unlink(missing_ok=True)
    await refuse_missing(readings, shown, work_dir)


async def _better(readings: Sequence[Reading], shown: Shown, work_dir: Path) -> Sequence[Reading]:
    """The readings to try next, with the same plans if `readings` gave what was wanted."""
    if len(shown) < sum(reading.frames for reading in readings):
        await refuse_cuts_beyond_the_end([reading.cut for reading in readings], work_dir)
        return [reading.extended() for reading in readings]
    better = list[Reading]()
    for reading, part in zip(readings, parts(readings, shown), strict=True):
        if reading.begins_unstamped(part):
            cut = reading.cut
            begin = await first_picture(cut.path, cut.facts, work_dir)
            better.append(replace(reading, first_picture=begin))
        else:
            better.append(reading.corrected(part))
    return better


async def _shown(run: Run, readings: Sequence[Reading], work_dir: Path) -> Shown:
    try:
        await run(readings)
    except FfmpegFailed as error:
        if not error.without_frames:
            raise
        await refuse_cuts_beyond_the_end([reading.cut for reading in readings], work_dir)
        if all(reading.whole for reading in readings):
            raise
        return []
    return read_shown(work_dir)
