"""A running job that makes clips: the project's videos, and the clip as a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.jobs.lifecycle import record_clip
from shared.jobs.records import Clip, Source
from shared.media.probe import MediaFacts, UnusableMedia
from shared.running.running_job import RunningJob, retry_until_available
from shared.settings import read_settings
from shared.storage.repeating import repeated


class SourceSettings(BaseSettings):
    """How much a job may fetch."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    max_job_source_bytes: int = Field(default=1_500_000_000, gt=0)
    """The size of all sources that one job uses. They are fetched into the work directory, which may be in memory."""


@dataclass(frozen=True, kw_only=True)
class JobContext(RunningJob):
    """A running job of this worker. `clips` are the checkpoints of earlier attempts."""

    def source(self, source_id: UUID) -> Source:
        """The project's source with this id. Raises UnusableMedia when it no longer exists."""
        for source in self.sources:
            if source.id == source_id:
                return source
        raise UnusableMedia("unreadable", "The source video no longer exists.")

    def refuse_too_many_bytes(self, source_ids: Sequence[UUID]) -> None:
        """Raise UnusableMedia if these sources are larger, together, than one job may fetch."""
        size = sum(self.source(source_id).size_bytes or 0 for source_id in source_ids)
        maximum = read_settings(SourceSettings).max_job_source_bytes
        if size > maximum:
            raise UnusableMedia(
                "too_large",
                f"The job's videos have {size // 1_000_000} MB together; the maximum is"
                f" {maximum // 1_000_000} MB. Use fewer or smaller videos.",
            )

    def recorded(self, index: int) -> Clip | None:
        """The clip that an earlier attempt recorded for the job's variant `index`, from 0."""
        number = self.job.first_variant_number + index
        return next((clip for clip in self.clips if clip.variant_number == number), None)

    async def fetch(self, source: Source) -> Path:
        """The source as a local, read-only file. Raises UnusableMedia when it no longer exists."""
        try:
            fetch = partial(self.storage.fetch, source.storage_path, self.directory)
            return await repeated(fetch)
        except FileNotFoundError:
            raise UnusableMedia("unreadable", "The source's file no longer exists.") from None

    async def store(self, file: Path, path: str, content_type: str) -> None:
        """Put a file at a path of this attempt alone, so that it may be repeated."""
        await repeated(partial(self.storage.put, file, path, content_type=content_type))

    async def record_clip(
        self,
        index: int,
        output: MediaFacts,
        segments: list[dict[str, Any]],
        *,
        video: Path,
        thumbnail: Path,
    ) -> Clip:
        """Store variant `index` (from 0), record it as a checkpoint, remove its local files. Raises LeaseLost."""
        number = self.job.first_variant_number + index
        video_path = self.output_path(f"clip-{number}.mp4")
        thumbnail_path = self.output_path(f"clip-{number}.jpg")
        clip = {
            "variant_number": number,
            "variant_name": f"Variant {number}",
            "storage_path": video_path,
            "thumbnail_path": thumbnail_path,
            "duration_seconds": output.duration_seconds,
            "size_bytes": output.size_bytes,
            "width": output.video.width,
            "height": output.video.height,
            "frame_rate": float(output.video.frame_rate),
            "segments": segments,
        }
        await self.store(video, video_path, "video/mp4")
        await self.store(thumbnail, thumbnail_path, "image/jpeg")
        percentage = self.reporter.percentage
        recorded = await retry_until_available(
            lambda: record_clip(self.lease, clip, percentage=percentage)
        )
        for file in (video, thumbnail):  # the work directory may be in memory
            file.unlink()
        return recorded
