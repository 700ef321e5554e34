"""Raw clips of one source: the options of a request, and the params of its job."""

from uuid import UUID

from pydantic import ConfigDict, Field

from shared.job_params.audio_track import DESCRIPTION, AudioTrackNumber
from shared.job_params.canvas import CanvasOptions
from shared.job_params.json_types import MAX_SEED, Integer, Number, Seed


class _RawClips(CanvasOptions):
    variant_count: Integer = Field(
        default=3, ge=1, le=10, description="How many different clips to make."
    )
    target_duration: Number = Field(
        default=30, ge=1, le=600, description="Length of each clip in seconds."
    )
    audio_track: AudioTrackNumber | None = Field(
        default=None, exclude_if=lambda value: value is None, description=DESCRIPTION
    )


class RawClipsOptions(_RawClips):
    """The options of a raw clips job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Seed | None = Field(
        default=None,
        description="The same video, options and seed give the same clips. If left out, a seed is "
        "chosen.",
    )


class RawClipsParams(_RawClips):
    """The params of a raw clips job. The seed is always set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source_id: UUID
    seed: Seed

    @classmethod
    def of(cls, options: RawClipsOptions, source_id: UUID, job_id: UUID) -> "RawClipsParams":
        """The params of a job. If the request has no seed, it is derived from the job's id."""
        seed = job_id.int % (MAX_SEED + 1) if options.seed is None else options.seed
        chosen = options.model_dump(exclude={"seed", "source_id"})
        return cls(source_id=source_id, seed=seed, **chosen)
