"""The request bodies; response bodies are in shared.api_models. Times are UTC, durations seconds, sizes bytes."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.job_params.json_types import Flag
from shared.job_params.raw_clips import RawClipsOptions

PROJECT_ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
NAME_LENGTH = 200

PROJECT_ID = "9b2f6c52-6f0e-4f4b-8a39-0b7f3c1f5d11"
SOURCE_ID = "5f9c5f53-9a8a-4b8b-8b1e-0a4c7d0f9a11"
CLIP_ID = "c3a1b7de-2f64-4f0c-9d7e-51b6a0c4e822"
JOB_ID = "0b8f1f3e-52a4-4b6c-9df8-6f2f1c7c9a34"
EXPORT_ID = "e2d4c6b8-90a1-4c3e-8f57-1b2a3c4d5e6f"
"""Examples, for parameters; openapi/examples.py has those of bodies."""

_CONTROLS = r"\x00-\x1f\x7f"
_SPACES = r" \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
VISIBLE_NAME_PATTERN = rf"^[^{_CONTROLS}]*[^{_CONTROLS}{_SPACES}][^{_CONTROLS}]*$"
"""Only for the OpenAPI document. The check itself is code, so that its message can say which rule a name breaks."""


def _visible(name: str) -> str:
    if any(ord(character) < ord(" ") or character == "\x7f" for character in name):
        raise ValueError("a name must not contain control characters")
    if not (stripped := name.strip()):
        raise ValueError("a name must contain at least one visible character")
    return stripped


Name = Annotated[
    str,
    Field(
        min_length=1, max_length=NAME_LENGTH, json_schema_extra={"pattern": VISIBLE_NAME_PATTERN}
    ),
    AfterValidator(_visible),
]


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

    file_name: Name


class ClipUpdate(Input):
    """The fields of a clip that can change. A field that is left out or null keeps its value."""

    variant_name: Name | None = None
    is_selected: Flag | None = None


class GenerateFromSource(RawClipsOptions):
    """Raw clips from a stored source."""

    source_id: UUID
