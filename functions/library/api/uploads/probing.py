"""Probes an uploaded video for the columns of its source."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from api.uploads.fair_queue import FairQueue, QueueFull
from shared.auth.users import Caller
from shared.errors import UnusableVideo
from shared.jobs.limits import limit_reached
from shared.jobs.records import AudioTrack
from shared.jobs.start_refusals import RETRY_AFTER_SECONDS
from shared.media.containers import CONTAINERS
from shared.media.probe import MAX_PROBES, UnusableMedia, probe_async
from shared.storage.interface import disk_faults

WAITING_PROBES_PER_USER = 32
WAITING_PROBES_OF_SERVICE = 50

_queue = FairQueue[UUID | None](slots=MAX_PROBES)


@asynccontextmanager
async def probe_turn(caller: Caller) -> AsyncGenerator[None]:
    """Wait for the caller's turn to probe, and keep it during the block: a user holds one of MAX_PROBES at most.

    Raises LimitReached if too many of the caller's probes are waiting in this process.
    """
    most, running = (
        (WAITING_PROBES_OF_SERVICE, MAX_PROBES)
        if caller.is_service
        else (WAITING_PROBES_PER_USER, 1)
    )
    try:
        async with _queue.turn(caller.owner_id, most_running=running, most_waiting=most):
            yield
    except QueueFull:
        raise limit_reached("waiting", most, wait_seconds=RETRY_AFTER_SECONDS) from None


async def probed_facts(file: Path, caller: Caller) -> dict[str, Any]:
    """`facts_of_file`, when it is the caller's turn. Raises LimitReached, too."""
    async with probe_turn(caller):
        return await facts_of_file(file)


async def facts_of_file(file: Path) -> dict[str, Any]:
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
