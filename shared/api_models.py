"""The library's response bodies, except problem details.

Times are UTC, durations seconds, sizes bytes.
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator

from shared.jobs.records import (
    AudioTrack,
    Fit,
    JobKind,
    JobOutcome,
    JobStatus,
    ProjectStatus,
)

Item = TypeVar("Item")


class Output(BaseModel):
    """A response body."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )


class Health(Output):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(Output):
    """The service is ready for requests."""

    status: Literal["ready"] = "ready"


class ProjectResponse(Output):
    """A project. While its status is `generating` or `rendering`, read its progress."""

    id: str
    owner_id: UUID
    name: str
    status: ProjectStatus
    created_at: datetime
    updated_at: datetime


class SourceResponse(Output):
    """An uploaded video. Facts of the video are null until it is confirmed.

    `video_url` works until `urls_expire_at`; then list the sources again for a new URL.
    """

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
    audio_tracks: tuple[AudioTrack, ...] | None = Field(
        description="The sound tracks of the file, in its order. Null until the source is confirmed, and for a source "
        "that was confirmed before tracks were listed."
    )
    created_at: datetime
    video_url: str | None
    urls_expire_at: datetime | None


class ClipSegment(Output):
    """A part of a source that a clip shows, from `start` to `end` in seconds."""

    source_id: UUID
    start: float
    end: float
    audio_track: int | None = Field(
        default=None,
        description="The number of the sound track that is heard. Null where the clip is silent, and in clips "
        "made before tracks could be chosen.",
    )


class ClipResponse(Output):
    """A clip. Its URLs work until `urls_expire_at`; then read the clip again for new URLs."""

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
    segments: tuple[ClipSegment, ...] = Field(
        description="The parts of sources that the clip shows, in order."
    )
    created_at: datetime
    updated_at: datetime
    video_url: str | None
    thumbnail_url: str | None
    urls_expire_at: datetime


class ExportResponse(Output):
    """A final render of a clip. Its URLs work until `urls_expire_at`; then list the exports again for new URLs."""

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


class ResumableUpload(Output):
    """A resumable upload by the TUS protocol (tus.io), version 1.0.0: what a client such as tus-js-client is given.

    `headers` go with every request, besides those of the protocol. A lost connection is continued where it was, until
    `expires_at`.
    """

    url: str
    headers: dict[str, str]
    metadata: dict[str, str]
    chunk_bytes: int = Field(description="Send this many bytes in each request but the last.")
    expires_at: datetime


class UploadResponse(Output):
    """A new source and how to upload its file: by a PUT to `upload_url`, or by `resumable`. Then confirm the source."""

    source: SourceResponse
    upload_url: str
    upload_url_expires_at: datetime
    resumable: ResumableUpload | None = Field(
        description="A way that survives a lost connection; null where storage does not offer it."
    )


class Page(Output, Generic[Item]):
    """A page of a list, newest first."""

    items: tuple[Item, ...]
    next_cursor: str | None = Field(
        description="Send it as `cursor` to get the next page; null on the last page."
    )

    @computed_field(description="Whether there is a next page.")
    @property
    def has_more(self) -> bool:
        """Whether there is a next page."""
        return self.next_cursor is not None


class ExportPresetResponse(Output):
    """An export preset: what a final render can be made for, with its frame size, frame rate and encoding limits."""

    name: str
    label: str
    width: int
    height: int
    frame_rate: int
    crf: int
    max_video_bitrate_kbps: int
    audio_bitrate_kbps: int
    fits: tuple[Fit, ...] = Field(
        default=get_args(Fit),
        description="What a render can do with a clip of another shape: `crop` cuts it off, `pad` adds black "
        "bars, `blur` fills the rest with a blurred copy.",
    )


class JobFacts(Output):
    """The members of a job that never change."""

    id: UUID
    project_id: str
    kind: JobKind
    params: dict[str, Any]
    created_at: datetime

    @field_validator("params")
    @classmethod
    def _shown(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Hide storage paths, which are internal, and the text of subtitles, which is not kept after the job."""
        shown = {name: value for name, value in params.items() if not name.endswith("_path")}
        match shown:
            case {"options": {"subtitles": {**subtitles}, **options}}:
                style = {name: subtitles[name] for name in subtitles if name not in ("srt", "vtt")}
                shown["options"] = options | {"subtitles": style}
            case _:
                pass
        return shown


class StartedJob(JobFacts):
    """A job that has just been queued."""

    status: Literal["queued"] = "queued"


class JobAccepted(Output):
    """The job is queued. Read its progress at `progress_url`, and the job itself, also later, at `job_url`."""

    job: StartedJob
    job_url: str
    progress_url: str


class JobError(Output):
    """Why a job failed: `code` is meant for programs, `detail` for people."""

    code: str
    detail: str = ""


class JobResponse(JobFacts):
    """A job in its current state."""

    status: JobStatus
    attempt: int
    max_attempts: int
    result: dict[str, Any] | None
    error: JobError | None
    started_at: datetime | None
    finished_at: datetime | None


class CancellationResponse(Output):
    """`cancelled`: the active job was cancelled. `idle`: there was no active job."""

    outcome: Literal["cancelled", "idle"]
    job: JobResponse | None


class ProgressJob(Output):
    """The newest job of a project."""

    id: UUID
    kind: JobKind
    status: JobStatus
    attempt: int
    error: JobError | None


class ProgressResponse(Output):
    """The progress of a project's newest job. It is read from the database on every request, so all instances agree."""

    project_id: str
    status: ProjectStatus = Field(
        description="The project's status. It says what the project holds: after a cancelled job it is "
        "`ready_for_triage` if there are clips. `job.status` and `outcome` say what became of the job."
    )
    percentage: int = Field(
        ge=0,
        le=100,
        description="How much of the job is done: 100 if it has completed, and only then. It is 0 without "
        "a job and after a cancel, which removes the progress. A failed job keeps what it reached.",
    )
    current_step: str = Field(
        description="What the job does or did last, for people; empty without a job and after a cancel."
    )
    estimated_remaining: int | None = Field(
        description="Seconds until the job ends: 0 if it has completed, null while this is unknown "
        "or no worker runs the job."
    )
    updated_at: datetime = Field(
        description="When the job ended; before that, when its progress was last written."
    )
    stalled: bool = Field(
        description="The worker of the running job has missed two heartbeats: it sends one at least "
        "at each third of the lease's time to live, by default every 20 s. If it sends none before "
        "the lease expires, the job is retried or failed."
    )
    outcome: JobOutcome | None = Field(
        description="How the job ended. Null while it is active, or if the project has had no job."
    )
    job: ProgressJob | None


WebhookEvent = Literal["job.started", "job.completed", "job.failed", "job.cancelled"]


class WebhookResponse(Output):
    """A URL that is told of your jobs.

    A webhook is disabled if its URL responded 410, or if nothing could be delivered for five days. Send one of its
    deliveries again to enable it.
    """

    id: UUID
    url: str | None = Field(
        description="Null for the one that signs what is sent to the `webhook_url` of single jobs."
    )
    events: tuple[WebhookEvent, ...]
    failing_since: datetime | None = Field(
        description="Since when nothing could be delivered. Null after a success."
    )
    disabled_at: datetime | None
    disabled_reason: Literal["gone", "failing"] | None
    created_at: datetime


class WebhookCreated(WebhookResponse):
    """A new webhook with its secret."""

    secret: str = Field(
        description="Signs what the webhook gets, by the Standard Webhooks convention. It is not shown again."
    )


class SecretResponse(Output):
    """The new secret of a webhook. It is not shown again."""

    secret: str


class DeliveryResponse(Output):
    """What was, or is to be, sent to a webhook. A pending one is tried again until a day after its event."""

    id: UUID = Field(description="Its `webhook-id` is `msg_` and this id.")
    webhook_id: UUID
    job_id: UUID
    project_id: str
    url: str
    type: WebhookEvent
    payload: dict[str, Any]
    status: Literal["pending", "delivered", "failed"]
    attempt: int = Field(description="How often it was sent.")
    next_attempt_at: datetime
    status_code: int | None = Field(description="The response's status at the last attempt.")
    error: str | None = Field(description="Why the last attempt got no response.")
    created_at: datetime
    finished_at: datetime | None


class WebhookJob(Output):
    """The job of an event, as it was then."""

    id: UUID
    kind: JobKind
    status: JobStatus
    attempt: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class WebhookData(Output):
    """What an event is about."""

    project_id: str
    job: WebhookJob


class WebhookPayload(Output):
    """The body of a webhook's request.

    It is signed by the Standard Webhooks convention: verify the headers `webhook-id`, `webhook-timestamp` and
    `webhook-signature` with one of its libraries. An event may come more than once, with the same `webhook-id`.
    """

    type: WebhookEvent
    timestamp: datetime
    data: WebhookData
