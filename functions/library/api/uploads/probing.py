"""Probes an uploaded video for the columns of its source."""

from pathlib import Path
from typing import Any

from shared.errors import UnusableVideo
from shared.jobs.records import AudioTrack
from shared.media.containers import CONTAINERS
from shared.media.probe import UnusableMedia, probe_async
from shared.storage.interface import disk_faults


async def probed_facts(file: Path) -> dict[str, Any]:
    """The columns of a source that come from a probe. Raises UnusableVideo with a reason, StorageUnavailable."""
    try:
        with disk_faults():
            facts = await probe_async(file)
    except UnusableMedia as error:
        raise UnusableVideo(error.detail, reason=error.code) from None
    return {
        # It follows the content of the video, not what its sender claimed.
        "content_type": CONTAINERS[facts.container].content_type,
        "size_bytes": facts.size_bytes,
        "duration_seconds": facts.duration_seconds,
        "width": facts.video.width,
        "height": facts.video.height,
        "frame_rate": float(facts.video.frame_rate),
        "has_audio": facts.audio is not None,
        "audio_tracks": [
            AudioTrack.model_validate(track, from_attributes=True).model_dump()
            for track in facts.audio_tracks
        ],
    }
