"""What the library writes down about a video that it was given."""

from pathlib import Path
from typing import Any

from shared.errors import UnusableVideo
from shared.media.probe import UnusableMedia, probe_async
from shared.storage.interface import disk_faults

CONTENT_TYPES = {
    "mp4": "video/mp4",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
}
"""What a video is sent as later: by its content, not by what its sender called it."""


async def probed_facts(file: Path) -> dict[str, Any]:
    """The columns of a source that a probe fills. Raises UnusableVideo with the reason, StorageUnavailable."""
    try:
        with disk_faults():
            facts = await probe_async(file)
    except UnusableMedia as error:
        raise UnusableVideo(error.detail, reason=error.code) from None
    return {
        "content_type": CONTENT_TYPES[facts.container],
        "size_bytes": facts.size_bytes,
        "duration_seconds": facts.duration_seconds,
        "width": facts.video.width,
        "height": facts.video.height,
        "frame_rate": float(facts.video.frame_rate),
        "has_audio": facts.audio is not None,
    }
