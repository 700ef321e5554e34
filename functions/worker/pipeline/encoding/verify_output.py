"""Looks at what ffmpeg has made before anyone else may: whole, or not at all."""

from pathlib import Path

from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import MediaFacts, UnusableMedia, probe_async


async def verify_output(path: Path, frames: int) -> MediaFacts:
    """The facts of a video of ours, which must have so many frames.

    ffmpeg goes on after what it cannot decode, and ends well; what is missing shows in the result alone.

    Raises:
        FfmpegFailed: frames are missing, or all of them.

    """
    try:
        facts = await probe_async(path)
    except UnusableMedia as error:
        raise FfmpegFailed("The video contains no frame that can be decoded.") from error
    if facts.video.frame_count != frames:
        raise FfmpegFailed("Part of the video could not be decoded.")
    return facts
