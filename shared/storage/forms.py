"""What Supabase Storage responds, as far as we read it.

Source: its OpenAPI document, https://supabase.github.io/storage.
"""

from pydantic import BaseModel, Field

MAX_FILE_BYTES = 1 << 40
"""No bucket accepts a larger file."""


class SignedUpload(BaseModel):
    """An upload URL, as the client returns it."""

    signed_url: str
    token: str


class SignedDownload(BaseModel):
    """A download URL; null with an error for a path without a file."""

    path: str | None
    signedURL: str | None  # noqa: N815 - the name that Storage uses
    error: str | None


class Info(BaseModel):
    """What storage tells of a file."""

    size: int = Field(ge=0, le=MAX_FILE_BYTES)


class Entry(BaseModel):
    """A file in a folder, or a folder, which has no id."""

    name: str
    id: str | None


class Bucket(BaseModel, from_attributes=True):
    """A bucket, as the client returns it."""

    file_size_limit: int | None
