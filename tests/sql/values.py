"""Arguments and results of the SQL functions: moments, descriptions of files, outcomes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from shared.jobs.records import Clip, Lease, Record

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
"""The time at the start of a test; `client.at(60)` is a minute later."""

TTL = 60.0
DISPATCH_TTL = 30.0


Rows = Callable[[str], list[dict[str, Any]]]
"""Reads a table as it is stored."""


def after(seconds: float) -> datetime:
    """The moment some seconds after START."""
    return START + timedelta(seconds=seconds)


class Acquired(Record):
    """Whether a lease was granted, and the current lease."""

    granted: bool
    lease: Lease


class Renewed(Record):
    """Whether a lease was renewed, and its new end."""

    renewed: bool
    expires_at: datetime | None


class Beat(Record):
    """The outcome of a heartbeat."""

    outcome: Literal["held", "cancelled", "lost"]
    expires_at: datetime | None


class Recorded(Record):
    """The outcome of recording a clip."""

    outcome: Literal["recorded", "cancelled", "lost"]
    clip: Clip | None


class Returned(Record):
    """The outcome of giving a job back, and the token of its new dispatch lease."""

    outcome: Literal["returned", "cancelled", "lost"]
    dispatch_token: int | None


class Deleted(Record):
    """The outcome of deleting a project, a source or a clip; if busy, with the holder's lease."""

    outcome: Literal["deleted", "busy", "project_not_found", "source_not_found", "clip_not_found"]
    lease: Lease | None


class Reclaimed(Record):
    """What cleanup did to one lease."""

    project_id: str
    job_id: UUID | None
    fencing_token: int | None
    action: Literal["requeued", "failed", "released", "faulty"]
    code: str | None


class Garbage(Record):
    """Files to remove: all below the prefix but those to keep."""

    id: int
    prefix: str
    keep_paths: tuple[str, ...]


SOURCE_FACTS: Mapping[str, Any] = {
    "size_bytes": 1_000_000,
    "duration_seconds": 33.0,
    "width": 1280,
    "height": 720,
    "frame_rate": 25.0,
    "has_audio": True,
    "audio_tracks": (
        {
            "number": 0,
            "codec": "aac",
            "channels": 2,
            "sample_rate": 48000,
            "language": "eng",
            "title": None,
            "default": True,
            "decodable": True,
            "start_seconds": 0.0,
            "end_seconds": 33.0,
        },
    ),
}


def uploaded_source(project_id: str, source_id: UUID | None = None) -> dict[str, Any]:
    """A source that comes with the request that starts a job."""
    source_id = source_id or uuid4()
    return dict(SOURCE_FACTS) | {
        "id": str(source_id),
        "file_name": "holiday.mp4",
        "storage_path": f"{project_id}/sources/{source_id}.mp4",
        "content_type": "video/mp4",
    }


def clip_facts(lease: Lease, variant_number: int) -> dict[str, Any]:
    """A clip as a worker describes it, stored below its attempt's fencing token."""
    folder = f"{lease.project_id}/jobs/{lease.job_id}/{lease.fencing_token}"
    return {
        "variant_number": variant_number,
        "variant_name": f"Variant {variant_number}",
        "storage_path": f"{folder}/clip-{variant_number}.mp4",
        "thumbnail_path": f"{folder}/clip-{variant_number}.jpg",
        "duration_seconds": 12.0,
        "size_bytes": 2_000_000,
        "width": 1280,
        "height": 720,
        "frame_rate": 25.0,
        "segments": [{"source_id": str(UUID(int=1)), "start": 0.0, "end": 12.0}],
    }


def lease_proof(lease: Lease) -> dict[str, Any]:
    """What every write under a lease presents."""
    return {
        "project_id": lease.project_id,
        "lease_id": lease.lease_id,
        "fencing_token": lease.fencing_token,
    }
