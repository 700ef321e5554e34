"""Analyses a whole source in one fast pass at low resolution: finds its scenes and measures its moments.

    decode --+-- 160x90, every frame ----> motion (scdet), brightness (signalstats)
             +-- 320x180, 5 a second ----> sharpness (siti)
             +-- sound ------------------> loudness (ebur128)

ffmpeg writes each measurement to a file as a series of numbers, and Python only reads them. Decoding
is most of the cost.
"""

import asyncio
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, clock_options
from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.process import OnProgress
from pipeline.selection import boundaries
from pipeline.selection.analysis import SILENCE_LUFS, Analysis, Moment, Scene
from shared.media.probe import MediaFacts

MOMENT_SECONDS = 2.5
# Every 0.1 s ebur128 reports the loudness of a window of 0.4 s. Its middle is 0.1 s before the reported time.
_LOUDNESS_DELAY = 0.1
MAX_FRAMES = 2_000_000
"""4 hours at 60 frames a second are 0.9 million. Each frame is a line in a file, and numbers in Python's memory."""
_DURATION_MARGIN_SECONDS = 10  # a file may play a little longer than it states

_INVALID_TIMESTAMPS = "The video's timestamps are invalid."

_VIDEO = (
    "[0:V:0]split[every][some];"
    "[every]scale=160:90:flags=fast_bilinear:out_range=tv,format=yuv420p,scdet,signalstats,settb=AVTB,"
    "metadata=print:key=lavfi.scd.mafd:file=motion.txt,"
    "metadata=print:key=lavfi.signalstats.YAVG:file=luma.txt[pictures];"
    # select, not fps: fps would fill hours between two frames of a malicious file with copies.
    "[some]select='isnan(prev_selected_t)+gte(t-prev_selected_t,0.199)',scale=320:180:flags=area:out_range=tv,format=yuv420p,siti,settb=AVTB,"
    "metadata=print:key=lavfi.siti.si:file=sharpness.txt[details]"
)
_AUDIO = (
    # A damaged track may give nothing at all, which is an error without the padding.
    "apad=pad_len=1,ebur128=metadata=1:framelog=quiet,asettb=AVTB,"
    "ametadata=print:key=lavfi.r128.M:file=loudness.txt[sound]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Values over time: `times` in seconds, ascending, and a value for each."""

    times: Sequence[float]
    values: Sequence[float]

    def between(self, start: float, end: float) -> Sequence[float]:
        """The values from `start` to `end`; if there are none, the nearest one before."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        if first >= last:
            first, last = max(0, first - 1), max(1, first)
        return self.values[first:last]


async def analyse(
    path: Path,
    facts: MediaFacts,
    work_dir: Path,
    *,
    threads: int = 2,
    on_progress: OnProgress | None = None,
) -> Analysis:
    """The scenes and moments of the source at `path`, exact to a frame.

    Leaves no file in `work_dir`. Finds cuts and fades through black, but no dissolves: two scenes
    joined by one count as one scene. `on_progress` gets 0..1.

    Raises:
        FfmpegFailed: the source cannot be decoded.

    """
    names = ["motion", "luma", "sharpness"] + (["loudness"] if facts.audio else [])
    files = {name: work_dir / f"{name}.txt" for name in names}
    try:
        await process.run(
            _arguments(path, facts, threads),
            graph=_graph(facts),
            work_dir=work_dir,
            limits=Limits.of([facts], facts.duration_seconds),
            total_seconds=facts.duration_seconds,
            on_progress=on_progress,
        )
        return await asyncio.to_thread(_summarise, files, Canvas.of(facts))
    except ValueError as error:
        # A time or a value is no number. The file causes it, so every attempt would fail.
        raise FfmpegFailed(_INVALID_TIMESTAMPS) from error
    finally:
        for file in files.values():
            file.unlink(missing_ok=True)


def _graph(facts: MediaFacts) -> str:
    return f"{_VIDEO};[0:a:{facts.audio.number}]{_AUDIO}" if facts.audio else _VIDEO


def _arguments(path: Path, facts: MediaFacts, threads: int) -> list[str]:
    # Rotation changes none of the measurements, and rotating costs time.
    options = [*clock_options(facts), "-noautorotate", "-reinit_filter:v", "0"]
    maps = ["-map", "[pictures]", "-map", "[details]"]
    if facts.audio is not None:
        maps += ["-map", "[sound]"]
    return [
        *KEEP_TIME_STAMPS,
        *read_file(path, facts, threads=threads, options=options),
        *("-filter_complex_threads", "1"),
        # Damaged sound counts as silence, however much of it is damaged.
        *("-max_error_rate", "1"),
        *maps,
        *(
            "-t",
            f"{facts.duration_seconds + _DURATION_MARGIN_SECONDS:.6f}",
            "-frames:v",
            str(MAX_FRAMES),
        ),
        *("-fps_mode", "passthrough", "-f", "null", "-"),
    ]


def _summarise(files: dict[str, Path], canvas: Canvas) -> Analysis:
    series = {name: read_series(file) for name, file in files.items()}
    motion, luma = series["motion"], series["luma"]
    count = min(len(motion.values), len(luma.values))
    if count == 0:
        raise FfmpegFailed("The video contains no frame that can be decoded.")
    if count > 1 and motion.times[count // 2] == 0:
        # Most frames come before the start that the file states.
        raise FfmpegFailed(_INVALID_TIMESTAMPS)
    if count >= MAX_FRAMES:
        raise FfmpegFailed("The video has too many frames.")
    rate = float(canvas.frame_rate)
    measured_rate = min(rate, max(1.0, (count - 1) / max(motion.times[-1] - motion.times[0], 1e-3)))
    dark = boundaries.dark_frames(luma.values[:count], measured_rate)
    spans = boundaries.spans(
        count,
        boundaries.cuts(motion.values[:count]),
        dark,
        max(1, round(boundaries.FLASH_SECONDS * measured_rate)),
    )
    scenes = _scenes(spans, dark, motion.times, canvas)
    moments = [
        _moment(index, part, scene, series, rate)
        for index, scene in enumerate(scenes)
        for part in _split(scene, rate)
    ]
    return Analysis(frame_rate=canvas.frame_rate, scenes=tuple(scenes), moments=tuple(moments))


def read_series(file: Path) -> Series:
    """Read a file of ffmpeg's metadata filter: alternately a line with the time in microseconds and one with a value.

    A timestamp below 0 becomes 0, and one lower than its predecessor becomes equal to it: a clip contains only what
    lies after 0, in the order of the clock.
    """
    with file.open(encoding="ascii") as lines:
        pairs = [
            (int(head.split("pts:", 1)[1].split(None, 1)[0]) / 1e6, float(line.split("=", 1)[1]))
            for head, line in zip(lines, lines, strict=False)
        ]
    return Series(
        times=list(accumulate((max(0.0, time) for time, _ in pairs), max)),
        values=[value if math.isfinite(value) else 0.0 for _, value in pairs],
    )


def _scenes(
    spans: Sequence[range], dark: Sequence[bool], times: Sequence[float], canvas: Canvas
) -> list[Scene]:
    marks = [canvas.frame_at(times[span.start]) for span in spans]
    marks.append(max(canvas.frame_at(times[spans[-1].stop - 1]) + 1, marks[-1] + 1))
    return [
        Scene(start_frame=start, end_frame=end, dark=2 * sum(dark[i] for i in span) >= len(span))
        for span, (start, end) in zip(spans, pairwise(marks), strict=True)
        if end > start
    ]


def _split(scene: Scene, rate: float) -> list[range]:
    length = scene.end_frame - scene.start_frame
    count = max(1, round(length / (MOMENT_SECONDS * rate)))
    marks = [scene.start_frame + length * index // count for index in range(count + 1)]
    return [range(start, end) for start, end in pairwise(marks)]


def _moment(
    index: int, part: range, scene: Scene, series: dict[str, Series], rate: float
) -> Moment:
    start, end = part.start / rate, part.stop / rate
    half = 0.5 / rate
    # The first frame of a scene differs from the one before because of the cut, not of motion.
    motion_inside = series["motion"].between(start + half, end - half)
    return Moment(
        scene=index,
        start_frame=part.start,
        end_frame=part.stop,
        dark=scene.dark,
        motion=fmean(motion_inside),
        sharpness=fmean(series["sharpness"].between(start - half, end - half)),
        loudness=_mean_loudness(series.get("loudness"), start, end),
    )


def _mean_loudness(loudness: Series | None, start: float, end: float) -> float:
    if loudness is None or not loudness.values:
        return SILENCE_LUFS
    values = loudness.between(start + _LOUDNESS_DELAY, end + _LOUDNESS_DELAY)
    power = fmean(10 ** (value / 10) for value in values)
    return max(SILENCE_LUFS, 10 * math.log10(max(power, 1e-12)))
