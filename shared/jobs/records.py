"""Database rows as frozen values; fields are named as columns. Times are UTC, durations seconds, sizes bytes."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

KIND_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
"""The form of a kind. The database checks the same; which kinds there are, the workers' recipes say."""

JobKind = Annotated[str, StringConstraints(pattern=KIND_PATTERN)]
JobStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
JobOutcome = Literal["completed", "failed", "cancelled"]
Fit = Literal["crop", "pad", "blur"]
"""What a final render does with a clip of another shape than its preset's."""

ProjectStatus = Literal["created", "generating", "rendering", "ready_for_triage", "failed"]


def check_kind(name: str) -> str:
    """Return the name of a kind of job. Raises ValueError for one that the database would refuse."""
    if not re.fullmatch(KIND_PATTERN, name):
        raise ValueError(f"a kind is small letters, digits and _, like train_model, not {name!r}")
    return name


class Record(BaseModel):
    """A row. Unknown columns are ignored, so that a migration may be applied before the code that uses it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ListedRow(Record):
    """What the cursor of a list consists of, beside the row's id."""

    row_number: int
    created_at: datetime


class Project(Record):
    """A library project; every job works on one."""

    id: str
    owner_id: UUID
    name: str
    status: ProjectStatus
    created_at: datetime
    updated_at: datetime


class AudioTrack(Record):
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


class Source(Record):
    """A video of a project; its media facts are None until its upload is confirmed.

    `audio_tracks` is also None for a source that was confirmed before tracks were listed.
    """

    id: UUID
    project_id: str
    status: Literal["pending", "ready"]
    file_name: str
    storage_path: str
    content_type: str
    size_bytes: int | None
    duration_seconds: float | None
    width: int | None
    height: int | None
    frame_rate: float | None
    has_audio: bool | None
    audio_tracks: tuple[AudioTrack, ...] | None
    created_at: datetime


class Job(Record):
    """One requested piece of work, through all its attempts. `checkpoint` is where its next attempt continues."""

    id: UUID
    project_id: str
    kind: JobKind
    status: JobStatus
    params: dict[str, Any]
    first_variant_number: int
    attempt: int
    max_attempts: int
    fencing_token: int | None
    deadline_at: datetime
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    checkpoint: dict[str, Any] | None = None


class Segment(Record):
    """A part of a source, from `start` to `end` in seconds of its presentation time.

    `audio_track` is the number of the sound track that is heard. In a clip it is None where the clip is silent, and in
    clips made before tracks could be chosen.
    """

    source_id: UUID
    start: float
    end: float
    audio_track: int | None = None

    @property
    def duration_seconds(self) -> float:
        """The length of the segment."""
        return self.end - self.start


class Clip(Record):
    """A finished clip; `segments` are what it shows, in the order they play."""

    id: UUID
    project_id: str
    job_id: UUID
    variant_number: int
    variant_name: str
    is_selected: bool
    storage_path: str
    thumbnail_path: str
    duration_seconds: float
    size_bytes: int
    width: int
    height: int
    frame_rate: float
    segments: tuple[Segment, ...]
    created_at: datetime
    updated_at: datetime


class Export(Record):
    """A final render of a clip."""

    id: UUID
    project_id: str
    clip_id: UUID
    job_id: UUID
    preset: str
    options: dict[str, Any]
    storage_path: str
    thumbnail_path: str
    duration_seconds: float
    size_bytes: int
    width: int
    height: int
    frame_rate: float
    created_at: datetime


class ExportPreset(Record):
    """A target of final renders: its frame size, frame rate and encoding limits."""

    name: str
    label: str
    width: int
    height: int
    frame_rate: int
    crf: int
    max_video_bitrate_kbps: int
    audio_bitrate_kbps: int


class Lease(Record):
    """A grant: who holds a key, until when, and the lease id and fencing token that every later write presents."""

    project_id: str
    lease_id: UUID
    holder: str
    fencing_token: int
    job_id: UUID | None
    acquired_at: datetime
    expires_at: datetime
    requested_at: float | None = None
    """Not a column: the event loop's time just before the lease was requested. Set only in the holder's process."""


RecordType = TypeVar("RecordType", bound=Record)


def _none_if_empty(value: object) -> object:
    """SQL returns a row of nulls where there is none."""
    if not isinstance(value, dict):
        return value
    row = cast("dict[str, object]", value)
    return row if any(column is not None for column in row.values()) else None


Possibly = Annotated[RecordType | None, BeforeValidator(_none_if_empty)]
"""A row that a SQL function may leave out."""
