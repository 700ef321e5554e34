"""Checks an output of ffmpeg before it is used: it must be complete."""

from pathlib import Path

from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import MediaFacts, UnusableMedia, probe_async


async def verify_output(path: Path, frames: int) -> MediaFacts:
    """The facts of an output that must have exactly `frames` frames.

    ffmpeg skips what it cannot decode and exits with 0, so only the output shows what is missing.

    Raises:
        FfmpegFailed: some or all frames are missing.

    """
    try:
        facts = await probe_async(path)
    except UnusableMedia as error:
        raise FfmpegFailed("The video contains no frame that can be decoded.") from error
    if facts.video.frame_count != frames:
        raise FfmpegFailed("Part of the video could not be decoded.")
    return facts
