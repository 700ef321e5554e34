"""The request bodies; response bodies are in shared.api_models. Times are UTC, durations seconds, sizes bytes."""

import re
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.webhook_member import WebhookUrl, WithWebhookUrl
from shared import names
from shared.job_params.json_types import Flag
from shared.job_params.raw_clips import RawClipsOptions
from shared.job_params.segments import SegmentsParams
from shared.names import NAME_LENGTH

PROJECT_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_FILE_NAME = 4096
"""The longest path of Linux; a browser sends the name alone."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

PROJECT_ID = "9b2f6c52-6f0e-4f4b-8a39-0b7f3c1f5d11"
SOURCE_ID = "5f9c5f53-9a8a-4b8b-8b1e-0a4c7d0f9a11"
CLIP_ID = "c3a1b7de-2f64-4f0c-9d7e-51b6a0c4e822"
JOB_ID = "0b8f1f3e-52a4-4b6c-9df8-6f2f1c7c9a34"
EXPORT_ID = "e2d4c6b8-90a1-4c3e-8f57-1b2a3c4d5e6f"
WEBHOOK_ID = "7f1d2c3b-4a59-4e68-8d07-1c2b3a4d5e6f"
DELIVERY_ID = "0f6e1a52-7b3c-4d28-9e41-5a6b7c8d9e0f"
"""Examples, for parameters; openapi/examples.py has those of bodies."""

Name = Annotated[
    str,
    Field(min_length=1, max_length=NAME_LENGTH, json_schema_extra={"pattern": names.pattern()}),
    AfterValidator(names.checked_name),
]
"""The pattern is only for the OpenAPI document. The check is code, so that its message can say which rule is broken."""

FileName = Annotated[
    str, Field(min_length=1, max_length=MAX_FILE_NAME), AfterValidator(names.shown_file_name)
]
"""As a browser sends it: it is shortened and cleaned, as that of an uploaded file, not refused."""


def checked_uuid(text: str) -> str:
    """The id. Raises ValueError; Python's UUID alone accepts braces, prefixes, and even white space for a digit."""
    if not _UUID.fullmatch(text):
        raise ValueError("not a UUID")
    return text.lower()


class Input(BaseModel):
    """A request body. Unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProjectCreate(Input):
    """A new project."""

    name: Name
    id: str | None = Field(
        default=None,
        pattern=PROJECT_ID_PATTERN,
        description="An id of your choice. Allowed only with the service key.",
    )
    owner_id: UUID | None = Field(
        default=None,
        description="The user who owns the project. Required with the service key; not allowed "
        "with a user's token.",
    )


class ProjectUpdate(Input):
    """The fields of a project that can change."""

    name: Name


class SourceCreate(Input):
    """A video to upload straight to storage."""

    file_name: FileName


class ClipUpdate(Input):
    """The fields of a clip that can change. A field that is left out or null keeps its value."""

    variant_name: Name | None = None
    is_selected: Flag | None = None


class GenerateFromSource(RawClipsOptions, WithWebhookUrl):
    """Raw clips from a stored source."""

    source_id: UUID


class GenerateOptions(RawClipsOptions, WithWebhookUrl):
    """The fields of an upload's form, besides the video."""


class GenerateFromSegments(SegmentsParams, WithWebhookUrl):
    """The segments, and how to make clips from them.

    `sequential` plays the segments in the given order. The variants start at different segments and wrap around.
    `random` plays them in an order drawn for each variant.
    `weighted` plays longer segments before shorter ones. Variant 1 has the longest segments. The other variants draw
    theirs: a segment twice as long is twice as likely to be drawn next.

    A variant ends when `target_duration` is reached; its last segment is shortened to fit. If all segments together are
    shorter, a variant plays them all, and weighted variants are identical. The same `seed` selects the same segments.
    """


WebhookEvent = Literal["job.started", "job.completed", "job.failed", "job.cancelled"]


class WebhookCreate(Input):
    """A URL that is told of your jobs."""

    url: WebhookUrl | None = Field(
        default=None,
        description="Null: the webhook that signs what is sent to the `webhook_url` of single jobs. "
        "You have at most one.",
    )
    events: tuple[WebhookEvent, ...] = Field(
        default=("job.completed", "job.failed", "job.cancelled"),
        min_length=1,
        max_length=4,
        description="What it is told. `job.started` is sent when a worker first takes a job.",
    )
