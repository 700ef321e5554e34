"""Raw clips of one source: the options of a request, and the params of its job."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.job_params.json_types import MAX_SEED, Integer, Number, Seed


class _RawClips(BaseModel):
    variant_count: Integer = Field(
        default=3, ge=1, le=10, description="How many different clips to make."
    )
    target_duration: Number = Field(
        default=30, ge=1, le=600, description="Length of each clip in seconds."
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
        return cls(
            source_id=source_id,
            variant_count=options.variant_count,
            target_duration=options.target_duration,
            seed=seed,
        )
