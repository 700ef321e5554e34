"""Repeats a run of ffmpeg until its output shows the right pictures, or refuses it."""

from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from pathlib import Path

from pipeline.encoding.reading.missing import refuse_cuts_beyond_the_end, refuse_missing
from pipeline.encoding.reading.shown import NOTES_NAME, Picture, Reading, read_shown, reread
from pipeline.ffmpeg.failure import FfmpegFailed

Run = Callable[[Sequence[Reading]], Awaitable[None]]


async def run_until_right(
    run: Run, readings: Sequence[Reading], rate: Fraction, work_dir: Path
) -> None:
    """Await `run`, an ffmpeg run in `work_dir` with NOTE_SHOWN, until each frame shows the picture of its time.

    The first run nearly always does. Where a source's index leads to a wrong place, the next one reads from earlier.

    Raises:
        FfmpegFailed: as `run` does, or a picture was held because nothing was there, or nothing that can be decoded.

    """
    try:
        while True:
            shown = await _shown(run, readings, work_dir)
            if len(shown) < sum(reading.frames for reading in readings):
                await refuse_cuts_beyond_the_end([each.cut for each in readings], work_dir)
            better = reread(readings, shown, rate)
            if better == readings:
                break
            readings = better
    finally:
        (work_dir / NOTES_NAME).unlink(missing_ok=True)
    await refuse_missing(readings, shown, rate, work_dir)


async def _shown(run: Run, readings: Sequence[Reading], work_dir: Path) -> list[Picture | None]:
    try:
        await run(readings)
    except FfmpegFailed as error:
        if not error.without_frames:
            raise
        await refuse_cuts_beyond_the_end([each.cut for each in readings], work_dir)
        if all(each.whole for each in readings):
            raise
        return []
    return read_shown(work_dir)
