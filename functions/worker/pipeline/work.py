"""What a recipe works with, and the steps that every recipe shares."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from shared.storage import Storage

from pipeline.reporting import Reporter
from shared.errors import DatabaseUnavailable
from shared.jobs import record_clip
from shared.records import Clip, Job, Lease, Source

Answer = TypeVar("Answer")

RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """A claimed job with all that its recipe needs; `clips` are the checkpoints of earlier attempts."""

    job: Job
    lease: Lease
    sources: tuple[Source, ...]
    clips: tuple[Clip, ...]
    directory: Path
    storage: Storage
    reporter: Reporter

    def output_path(self, name: str) -> str:
        """Where a file of this attempt goes in storage: below its fencing token, because storage cannot fence."""
        return f"{self.job.project_id}/jobs/{self.job.id}/{self.lease.fencing_token}/{name}"

    async def record(self, row: dict[str, Any], video: Path, thumbnail: Path) -> Clip:
        """Store a finished clip and record it as a checkpoint. Raises LeaseLost."""
        name = f"clip-{row['variant_number']}"
        paths = {
            "storage_path": self.output_path(f"{name}.mp4"),
            "thumbnail_path": self.output_path(f"{name}.jpg"),
        }
        await self.storage.put(video, paths["storage_path"], content_type="video/mp4")
        await self.storage.put(thumbnail, paths["thumbnail_path"], content_type="image/jpeg")
        return await insist(lambda: record_clip(self.lease, row | paths))


async def insist(write: Callable[[], Awaitable[Answer]]) -> Answer:
    """Repeat a write that is safe to repeat until the database answers; the kept lease bounds how long."""
    while True:
        try:
            return await write()
        except DatabaseUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
