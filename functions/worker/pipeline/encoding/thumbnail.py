"""One picture that stands for a clip."""

import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

from pipeline.encoding import filters
from pipeline.encoding.canvas import Canvas, even
from pipeline.encoding.seeking import seek_picture
from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.moments import Segment
from shared.media.probe import MediaFacts

WIDTH = 640


def thumbnail_time(analysis: Analysis, selection: Sequence[Segment]) -> float:
    """The middle of the sharpest moment of a clip that is not black, in seconds of the source."""
    starts = [analysis.seconds(moment.start_frame) for moment in analysis.moments]
    candidates = [
        (moment, middle)
        for segment in selection
        # Looked up: a clip has up to fifty segments, and hours of short scenes many thousand moments.
        for moment in analysis.moments[_overlapping(starts, segment)]
        if (middle := _middle(analysis, moment, segment)) is not None
    ]
    if not candidates:
        return (selection[0].start + selection[0].end) / 2
    _, time = max(candidates, key=lambda pair: (not pair[0].dark, pair[0].sharpness))
    return time


async def make_thumbnail(
    source: Path, facts: MediaFacts, at: float, target: Path, *, work_dir: Path, width: int = WIDTH
) -> None:
    """Write the picture of `source` at `at` seconds to the JPEG `target`, upright, `width` wide.

    Never wider than the source. `target` appears whole or not at all.

    Raises:
        FfmpegFailed: there is no picture that can be decoded.

    """
    video = facts.video
    across = even(min(width, video.width))
    canvas = Canvas(
        width=across, height=even(video.height * across / video.width), frame_rate=video.frame_rate
    )
    partial = target.with_name(f".{target.name}.partial")
    place = seek_picture(facts, at)
    chain = filters.video_chain(video, canvas, 1, offset=place.offset)
    arguments = [
        *read_file(source, facts, threads=1, options=place.options),
        *("-map", "[v]", "-map_metadata", "-1", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3"),
        *("-pix_fmt", "yuvj420p", "-f", "image2", "-update", "1", "-y"),
        f"file:{partial.absolute()}",
    ]
    try:
        limits = Limits.of([facts], 1.0)
        await process.run(
            arguments,
            graph=f"[0:V:0]{chain}[v]",
            work_dir=work_dir,
            limits=limits,
            total_seconds=1.0,
        )
        if not partial.exists():
            raise FfmpegFailed("The video holds no picture at that time.")
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)


def _overlapping(starts: Sequence[float], segment: Segment) -> slice:
    """Which of the moments, by where they begin, share time with a segment: they have no gaps."""
    return slice(max(0, bisect_right(starts, segment.start) - 1), bisect_left(starts, segment.end))


def _middle(analysis: Analysis, moment: Moment, segment: Segment) -> float | None:
    start = max(segment.start, analysis.seconds(moment.start_frame))
    end = min(segment.end, analysis.seconds(moment.end_frame))
    return (start + end) / 2 if end > start else None
