"""What storage never accepts: a file over its size limit, and a type that its bucket does not allow.

Repeating such an upload cannot help, so the sender is told the limit instead of being asked to try again.
Source: Supabase Storage, errors EntityTooLarge and InvalidMimeType; the status is a member of the body, and the
response's own status is 400.
"""

from http import HTTPStatus

import httpx
from pydantic import BaseModel, ValidationError

from shared.errors import PayloadTooLarge, UnsupportedMediaType
from shared.storage.paths import BUCKET_TYPES

_TOO_LARGE = {"413", "EntityTooLarge"}
_TYPE = {"415", "InvalidMimeType", "invalid_mime_type"}


class _Body(BaseModel):
    statusCode: str = ""  # noqa: N815 - the name that Storage uses
    error: str = ""
    code: str = ""


def check_type(content_type: str) -> None:
    """Raise UnsupportedMediaType for a type that is not among BUCKET_TYPES."""
    essence = content_type.partition(";")[0].strip().lower()
    kind, _, subtype = essence.partition("/")
    if not subtype or not {essence, f"{kind}/*"} & set(BUCKET_TYPES):
        raise type_not_allowed(essence)


def type_not_allowed(content_type: str) -> UnsupportedMediaType:
    """The error for a type that storage does not accept."""
    return UnsupportedMediaType(
        f"Storage does not accept files of the type {content_type[:100] or '(none)'}."
        f" It accepts {', '.join(BUCKET_TYPES)}."
    )


def too_large(max_bytes: int | None) -> PayloadTooLarge:
    """The error for a file over the size limit of storage, which may be unknown."""
    limit = "" if max_bytes is None else f" of {max_bytes:,} bytes"
    return PayloadTooLarge(
        f"The file is larger than the limit{limit} of storage.", max_bytes=max_bytes
    )


def refusal(response: httpx.Response) -> type[PayloadTooLarge | UnsupportedMediaType] | None:
    """The permanent refusal that a response of Supabase Storage is; None if it is not one."""
    signs = {str(response.status_code), *_members(response)}
    if signs & _TOO_LARGE:
        return PayloadTooLarge
    return UnsupportedMediaType if signs & _TYPE else None


def _members(response: httpx.Response) -> set[str]:
    if response.status_code != HTTPStatus.BAD_REQUEST:
        return set()
    try:
        body = _Body.model_validate_json(response.content)
    except ValidationError:
        return set()
    return {body.statusCode, body.error, body.code}
