"""Makes the thumbnail of a clip."""

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.encoding import filters
from pipeline.encoding.canvas import Canvas, even
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.reader import run_until_right
from pipeline.encoding.reading.seeking import KEEP_TIME_STAMPS, picture_options
from pipeline.encoding.reading.shown import NOTE_SHOWN, Reading
from pipeline.ffmpeg import process
from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.inputs import read_file
from pipeline.ffmpeg.limits import Limits
from shared.media.probe import MediaFacts

WIDTH = 640


async def make_thumbnail(
    source: Path, facts: MediaFacts, at: float, target: Path, *, work_dir: Path, width: int = WIDTH
) -> None:
    """Write the frame of `source` at `at` seconds to the JPEG `target`, upright and `width` pixels wide.

    It is never wider than the source. `target` is written whole or not at all.

    Raises:
        FfmpegFailed: there is no frame that can be decoded.

    """
    video = facts.video
    thumbnail_width = even(min(width, video.width))
    canvas = Canvas(
        width=thumbnail_width,
        height=even(video.height * thumbnail_width / video.width),
        frame_rate=video.frame_rate,
    )
    partial = target.with_name(f".{target.name}.partial")
    cut = Cut(path=source, facts=facts, start=at, end=at + float(1 / canvas.frame_rate))
    limits = Limits.of([facts], 1.0)

    async def run(readings: Sequence[Reading]) -> None:
        arguments = [*KEEP_TIME_STAMPS, *_arguments(readings[0]), f"file:{partial.absolute()}"]
        graph = _graph(readings[0], canvas)
        await process.run(
            arguments, graph=graph, work_dir=work_dir, limits=limits, total_seconds=1.0
        )

    try:
        await run_until_right(run, [Reading.first(cut, 1, canvas.frame_rate)], work_dir)
        if not partial.exists():
            raise FfmpegFailed("The video contains no frame at that time.")
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)


def _arguments(reading: Reading) -> list[str]:
    cut = reading.cut
    options = picture_options(cut.facts, cut.start, reading.run_up)
    return [
        *read_file(cut.path, cut.facts, threads=1, options=options),
        *("-map", "[v]", "-map_metadata", "-1", "-frames:v", "1", *NOTE_SHOWN),
        *("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
        *("-f", "image2", "-update", "1", "-y"),
    ]


def _graph(reading: Reading, canvas: Canvas) -> str:
    if not reading.shows_pictures:
        return f"{filters.black(canvas, 1)}[v]"
    chain = filters.video_chain(reading.cut.facts.video, canvas, 1, offset=reading.cut.start)
    return f"[0:V:0]{chain}[v]"
