"""The API's response bodies. Times are UTC, durations seconds, sizes bytes; unknown members are ignored."""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Project(_Body):
    """A project. While its status is `generating` or `rendering`, read its `Progress`."""

    id: str
    owner_id: UUID
    name: str
    status: str
    created_at: datetime
    updated_at: datetime


class AudioTrack(_Body):
    """A sound track of a source. `number` is its place among the file's sound tracks, from 0.

    `language` and `title` are what the file says, `default` is its flag for players. One that is not `decodable` cannot
    be heard in clips. `channels`, `sample_rate` (in Hz) and the times are None if they are not known.
    """

    number: int
    codec: str
    channels: int | None
    sample_rate: int | None
    language: str | None
    title: str | None
    default: bool
    decodable: bool
    start_seconds: float | None
    end_seconds: float | None


class Source(_Body):
    """An uploaded video. Facts of the video are None until it is confirmed.

    `video_url` works until `urls_expire_at`; then list the sources again for a new URL.
    """

    id: UUID
    project_id: str
    status: str
    file_name: str
    content_type: str
    size_bytes: int | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    frame_rate: float | None
    has_audio: bool | None
    audio_tracks: tuple[AudioTrack, ...] | None = None
    created_at: datetime
    video_url: str | None
    urls_expire_at: datetime | None


class ResumableUpload(_Body):
    """A resumable upload by the TUS protocol: where, and what to send."""

    url: str
    headers: dict[str, str]
    metadata: dict[str, str]
    chunk_bytes: int
    expires_at: datetime


class Upload(_Body):
    """A new source, and the ways to upload its file."""

    source: Source
    upload_url: str
    upload_url_expires_at: datetime
    resumable: ResumableUpload | None = None


class Segment(_Body):
    """A part of a source, from `start` to `end` in seconds, heard by the sound track `audio_track`.

    `audio_track` is None where the clip is silent, and in clips made before tracks could be chosen.
    """

    source_id: UUID
    start: float
    end: float
    audio_track: int | None = None


class _Media(_Body):
    id: UUID
    project_id: str
    job_id: UUID
    duration_seconds: float
    size_bytes: int
    width: int
    height: int
    frame_rate: float
    created_at: datetime
    video_url: str | None
    thumbnail_url: str | None
    urls_expire_at: datetime


class Clip(_Media):
    """A clip. Its URLs work until `urls_expire_at`; then list the clips again for new URLs."""

    variant_number: int
    variant_name: str
    is_selected: bool
    segments: tuple[Segment, ...]
    updated_at: datetime


class Export(_Media):
    """A final render of a clip. Its URLs work until `urls_expire_at`; then list the exports again for new URLs."""

    clip_id: UUID
    preset: str
    options: dict[str, Any]


class ExportPreset(_Body):
    """What a clip can be rendered for: its frame size, frame rate and encoding limits."""

    name: str
    label: str
    width: int
    height: int
    frame_rate: int
    crf: int
    max_video_bitrate_kbps: int
    audio_bitrate_kbps: int
    fits: tuple[str, ...]


class Page(_Body, Generic[Item]):
    """A page of a list, newest first; `next_cursor` is None on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None
    has_more: bool


class _JobFacts(_Body):
    id: UUID
    project_id: str
    kind: str
    params: dict[str, Any]
    created_at: datetime
    status: str


class StartedJob(_JobFacts):
    """A job that has just been queued."""


class JobAccepted(_Body):
    """The job is queued. Its progress is at `progress_url`, the job itself at `job_url`."""

    job: StartedJob
    job_url: str
    progress_url: str


class Job(_JobFacts):
    """A job in its current state."""

    attempt: int
    max_attempts: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    started_at: datetime | None
    finished_at: datetime | None


class Cancellation(_Body):
    """`cancelled`: the active job was cancelled. `idle`: there was no active job."""

    outcome: str
    job: Job | None


class ProgressJob(_Body):
    """The newest job of a project."""

    id: UUID
    kind: str
    status: str
    attempt: int
    error: dict[str, Any] | None


class Progress(_Body):
    """The progress of a project's newest job. `percentage` is 100 only if it has completed, 0 after a cancel.

    `estimated_remaining` is in seconds, None while it is unknown. `outcome` is None while the job is active.
    """

    project_id: str
    status: str
    percentage: int
    current_step: str
    estimated_remaining: int | None
    updated_at: datetime
    stalled: bool
    outcome: str | None
    job: ProgressJob | None


class Webhook(_Body):
    """A URL that is told of your jobs. `url` is None for the one that signs what single jobs' `webhook_url` gets."""

    id: UUID
    url: str | None
    events: tuple[str, ...]
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    created_at: datetime


class CreatedWebhook(Webhook):
    """A new webhook. Its `secret` is shown only now."""

    secret: str


class WebhookSecret(_Body):
    """The new secret of a webhook. It is shown only now."""

    secret: str


class Delivery(_Body):
    """What was, or is to be, sent to a webhook; `webhook-id` is `msg_` and its id."""

    id: UUID
    webhook_id: UUID
    job_id: UUID
    project_id: str
    url: str
    type: str
    payload: dict[str, Any]
    status: str
    attempt: int
    next_attempt_at: datetime
    status_code: int | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class EventJob(_Body):
    """The job of an event, as it was then."""

    id: UUID
    kind: str
    status: str
    attempt: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class EventData(_Body):
    """What an event is about."""

    project_id: str
    job: EventJob


class Event(_Body):
    """What a webhook is told: the body of its request, once the signature has been verified."""

    type: str
    timestamp: datetime
    data: EventData
