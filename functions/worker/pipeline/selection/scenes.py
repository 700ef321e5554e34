"""Analyses a source: measures it in one pass, finds its scenes and flaws, and divides it into moments."""

import asyncio
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from pipeline.encoding.canvas import Canvas
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.process import OnProgress
from pipeline.selection import boundaries, flaws, measure
from pipeline.selection.analysis import SILENCE_LUFS, Analysis, Moment, Scene
from pipeline.selection.dissolves import dissolves
from pipeline.selection.flaws import Stretch
from pipeline.selection.measure import Measurements
from pipeline.selection.series import Series
from shared.media.probe import MediaFacts

MOMENT_SECONDS = 2.5
# Every 0.1 s ebur128 reports the loudness of a window of 0.4 s. Its middle is 0.1 s before the reported time.
_LOUDNESS_DELAY = 0.1

_INVALID_TIMESTAMPS = "The video's timestamps are invalid."


async def analyse(
    path: Path,
    facts: MediaFacts,
    work_dir: Path,
    *,
    threads: int = 2,
    on_progress: OnProgress | None = None,
) -> Analysis:
    """The scenes and moments of the source at `path`. Cuts are exact to a frame; dissolves are cut near their middle.

    The sound is that of the track in use, `facts.audio`. Leaves no file in `work_dir`. `on_progress` gets 0..1.

    Raises:
        FfmpegFailed: the source cannot be decoded.

    """
    try:
        await measure.measure(path, facts, work_dir, threads=threads, on_progress=on_progress)
        return await asyncio.to_thread(_summarise, work_dir, Canvas.of(facts))
    except ValueError as error:
        # A time or a value is no number. The file causes it, so every attempt would fail.
        raise FfmpegFailed(_INVALID_TIMESTAMPS) from error
    finally:
        measure.remove(work_dir)


def _summarise(work_dir: Path, canvas: Canvas) -> Analysis:
    with measure.opened(work_dir) as measured:
        scenes = _scenes(measured, canvas)
        end = float(scenes[-1].end_frame / canvas.frame_rate)
        still = flaws.still(measured.miniatures, end)
        silent = flaws.silent(measured.loudness, 0.0, end) if measured.loudness else []
    marks = _marks([*silent, *still], canvas)
    moments = [
        _moment(index, part, scene, measured, canvas, silent=silent, still=still)
        for index, scene in enumerate(scenes)
        for part in _split(scene, marks, float(canvas.frame_rate))
    ]
    return Analysis(frame_rate=canvas.frame_rate, scenes=tuple(scenes), moments=tuple(moments))


def _scenes(measured: Measurements, canvas: Canvas) -> list[Scene]:
    times, count = measured.motion.times, _frame_count(measured)
    motion = measured.motion.values[:count]
    rate = float(canvas.frame_rate)
    measured_rate = min(rate, max(1.0, (count - 1) / max(times[-1] - times[0], 1e-3)))
    dark = boundaries.dark_frames(measured.luma.values[:count], measured_rate)
    cuts = boundaries.without_flashes(
        boundaries.cuts(motion, measured.luma.values), motion, times, measured.miniatures
    )
    mixed = [bisect_left(times, one.middle, hi=count - 1) for one in dissolves(measured.miniatures)]
    spans = boundaries.spans(
        count,
        # A fade through black is a dissolve too, and has its boundaries where it is dark.
        [*cuts, *(index for index in mixed if not dark[index])],
        dark,
        max(1, round(boundaries.FLASH_SECONDS * measured_rate)),
    )
    frames = [canvas.frame_at(times[span.start]) for span in spans]
    frames.append(max(canvas.frame_at(times[spans[-1].stop - 1]) + 1, frames[-1] + 1))
    return [
        Scene(start_frame=start, end_frame=end, dark=2 * sum(dark[i] for i in span) >= len(span))
        for span, (start, end) in zip(spans, pairwise(frames), strict=True)
        if end > start
    ]


def _frame_count(measured: Measurements) -> int:
    """How many frames were measured. Raises FfmpegFailed if they cannot be used."""
    times = measured.motion.times
    count = min(len(times), len(measured.luma.values))
    if count == 0:
        raise FfmpegFailed("The video contains no frame that can be decoded.")
    if count > 1 and times[count // 2] == 0:
        # Most frames come before the start that the file states.
        raise FfmpegFailed(_INVALID_TIMESTAMPS)
    if count >= measure.MAX_FRAMES:
        raise FfmpegFailed("The video has too many frames.")
    return count


def _marks(stretches: Sequence[Stretch], canvas: Canvas) -> list[int]:
    """The frames at which flaws start or end."""
    return sorted({canvas.frame_at(time) for one in stretches for time in (one.start, one.end)})


def _split(scene: Scene, marks: Sequence[int], rate: float) -> list[range]:
    """A scene's moments: split at the marks, but not close to another boundary, and where it is long."""
    shortest = max(1, round(boundaries.FLASH_SECONDS * rate))
    edges = [scene.start_frame]
    inside = bisect_left(marks, scene.start_frame), bisect_left(marks, scene.end_frame)
    for mark in marks[slice(*inside)]:
        if mark - edges[-1] >= shortest and scene.end_frame - mark >= shortest:
            edges.append(mark)
    parts = pairwise([*edges, scene.end_frame])
    return [moment for start, end in parts for moment in _evenly(start, end, rate)]


def _evenly(start: int, end: int, rate: float) -> list[range]:
    count = max(1, round((end - start) / (MOMENT_SECONDS * rate)))
    marks = [start + (end - start) * index // count for index in range(count + 1)]
    return [range(first, last) for first, last in pairwise(marks)]


def _moment(
    index: int,
    part: range,
    scene: Scene,
    measured: Measurements,
    canvas: Canvas,
    *,
    silent: Sequence[Stretch],
    still: Sequence[Stretch],
) -> Moment:
    rate = float(canvas.frame_rate)
    start, end = part.start / rate, part.stop / rate
    half = 0.5 / rate
    # The first frame of a scene differs from the one before because of the cut, not of motion.
    motion_inside = measured.motion.between(start + half, end - half)
    return Moment(
        scene=index,
        start_frame=part.start,
        end_frame=part.stop,
        dark=scene.dark,
        silent=_within((start + end) / 2, silent),
        still=_within((start + end) / 2, still),
        motion=fmean(motion_inside),
        sharpness=fmean(measured.sharpness.between(start - half, end - half)),
        loudness=_mean_loudness(measured.loudness, start, end),
    )


def _within(time: float, stretches: Sequence[Stretch]) -> bool:
    """Whether a time lies in one of the stretches, which are in order and do not overlap."""
    index = bisect_right(stretches, time, key=lambda stretch: stretch.start) - 1
    return index >= 0 and time < stretches[index].end


def _mean_loudness(loudness: Series | None, start: float, end: float) -> float:
    """The mean of a part, in LUFS. After the end of the sound there is silence."""
    if loudness is None or not loudness.times or start > loudness.times[-1]:
        return SILENCE_LUFS
    values = loudness.between(start + _LOUDNESS_DELAY, end + _LOUDNESS_DELAY)
    power = fmean(10 ** (value / 10) for value in values)
    return max(SILENCE_LUFS, 10 * math.log10(max(power, 1e-12)))
