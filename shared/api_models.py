"""What the library answers: written by its routes, read by its clients.

Times are UTC, durations seconds, sizes bytes.
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.jobs.records import ExportPreset, JobKind, JobStatus, ProjectStatus, Segment

Item = TypeVar("Item")


class Output(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class Health(Output):
    """The process responds."""

    status: Literal["ok"] = "ok"


class Readiness(Output):
    """Requests can be served."""

    status: Literal["ready"] = "ready"


class ProjectResponse(Output):
    """A project. While it is generating or rendering, its progress tells how far it is."""

    id: str
    owner_id: UUID
    name: str
    status: ProjectStatus
    created_at: datetime
    updated_at: datetime


class SourceResponse(Output):
    """An uploaded video. `video_url` works until `urls_expire_at`."""

    id: UUID
    project_id: str
    status: Literal["pending", "ready"]
    file_name: str
    content_type: str
    size_bytes: int | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    frame_rate: float | None
    has_audio: bool | None
    created_at: datetime
    video_url: str | None
    urls_expire_at: datetime | None


class ClipResponse(Output):
    """A clip. Its URLs work until `urls_expire_at`; then ask for the clip again."""

    id: UUID
    project_id: str
    job_id: UUID
    variant_number: int
    variant_name: str
    is_selected: bool
    duration_seconds: float
    size_bytes: int
    width: int
    height: int
    frame_rate: float
    segments: tuple[Segment, ...] = Field(description="The parts of sources it shows, in order.")
    created_at: datetime
    updated_at: datetime
    video_url: str | None
    thumbnail_url: str | None
    urls_expire_at: datetime


class ExportResponse(Output):
    """A final render of a clip. Its URLs work until `urls_expire_at`; then ask for it again."""

    id: UUID
    project_id: str
    clip_id: UUID
    job_id: UUID
    preset: str
    options: dict[str, Any]
    duration_seconds: float
    size_bytes: int
    width: int
    height: int
    frame_rate: float
    created_at: datetime
    video_url: str | None
    thumbnail_url: str | None
    urls_expire_at: datetime


class UploadResponse(Output):
    """Where to send a video's bytes: PUT them to `upload_url`, then confirm the source."""

    source: SourceResponse
    upload_url: str
    upload_url_expires_at: datetime


class Page(Output, Generic[Item]):
    """A page of a list, newest first."""

    items: tuple[Item, ...]
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last one."
    )


class Presets(Output):
    """All export presets."""

    items: tuple[ExportPreset, ...]


class JobFacts(Output):
    """What never changes of a job."""

    id: UUID
    project_id: str
    kind: JobKind
    params: dict[str, Any]
    created_at: datetime

    @field_validator("params")
    @classmethod
    def _shown(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Without where files are stored, which is ours to know, and what subtitles say, which ends with the job."""
        shown = {name: value for name, value in params.items() if not name.endswith("_path")}
        match shown:
            case {"options": {"subtitles": {"srt": _, **style}, **options}}:
                shown["options"] = options | {"subtitles": style}
            case _:
                pass
        return shown


class StartedJob(JobFacts):
    """A job as it was accepted."""

    status: Literal["queued"] = "queued"


class JobAccepted(Output):
    """The job has been queued; follow it at `progress_url`."""

    job: StartedJob
    progress_url: str


class JobResponse(JobFacts):
    """A job as it is now."""

    status: JobStatus
    attempt: int
    max_attempts: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None


class CancelResponse(Output):
    """`cancelled`: the job was stopped; `idle`: nothing was running."""

    outcome: Literal["cancelled", "idle"]
    job: JobResponse | None


class ProgressJob(Output):
    """The newest job of a project."""

    id: UUID
    kind: JobKind
    status: JobStatus
    attempt: int
    error: dict[str, Any] | None


class ProgressResponse(Output):
    """How far a project is. Read from the database each time, so that every instance says the same."""

    project_id: str
    status: ProjectStatus
    percentage: int = Field(ge=0, le=100)
    current_step: str
    estimated_remaining: int | None = Field(description="Seconds; null until it is known.")
    updated_at: datetime
    stalled: bool = Field(description="The job has stopped responding; it will be taken up again.")
    job: ProgressJob | None
