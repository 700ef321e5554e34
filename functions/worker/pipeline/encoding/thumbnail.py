"""Makes the thumbnail of a clip."""

import os
from pathlib import Path

from pipeline.encoding import filters
from pipeline.encoding.canvas import Canvas, even
from pipeline.encoding.seeking import seek_picture
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
    seek = seek_picture(facts, at)
    chain = filters.video_chain(video, canvas, 1, offset=seek.offset)
    arguments = [
        *read_file(source, facts, threads=1, options=seek.options),
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
            raise FfmpegFailed("The video contains no frame at that time.")
        os.replace(partial, target)  # noqa: PTH105
    finally:
        partial.unlink(missing_ok=True)
