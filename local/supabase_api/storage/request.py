"""What a request of the TUS protocol says in its headers. Each function raises the Refusal that Storage would send."""

import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from uuid import UUID

from starlette.requests import Request

from local.supabase_api.storage import refusals
from local.supabase_api.storage.refusals import Refusal

VERSION = "1.0.0"
CHUNK = "application/offset+octet-stream"
_NUMBER = re.compile("0|[1-9][0-9]{0,17}", re.ASCII)
_KEY = re.compile(r"[^\s,]+")


def check_version(request: Request) -> None:
    """Every request but OPTIONS names the protocol's version."""
    version = request.headers.get("tus-resumable")
    if not version:
        raise refusals.NO_VERSION
    if version != VERSION:
        raise Refusal(400, "Invalid tus-resumable\n")


def announced_length(request: Request) -> int:
    """The length of the whole file."""
    if "upload-concat" in request.headers:
        raise refusals.unsupported("Concatenation")
    if "upload-defer-length" in request.headers:
        raise refusals.unsupported("creation-defer-length")
    if "upload-length" not in request.headers:
        raise refusals.NO_LENGTH
    return _number(request, "upload-length")


def offset(request: Request) -> int:
    """Where the bytes of this request belong."""
    if "upload-offset" not in request.headers:
        raise refusals.NO_OFFSET
    return _number(request, "upload-offset")


def check_chunk_type(request: Request) -> None:
    """A PATCH carries bytes of a file, and says so."""
    content_type = request.headers.get("content-type")
    if content_type is None:
        raise refusals.NO_CONTENT_TYPE
    if content_type != CHUNK:
        raise refusals.WRONG_CONTENT_TYPE


def has_chunk(request: Request) -> bool:
    """Whether a POST brings the first bytes at once (the extension creation-with-upload)."""
    return request.headers.get("content-type") == CHUNK


def metadata(request: Request) -> dict[str, str]:
    """The pairs of Upload-Metadata: keys, and values in base64."""
    text = request.headers.get("upload-metadata")
    if not text:
        raise refusals.NO_METADATA
    pairs: dict[str, str] = {}
    for pair in text.split(","):
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in pairs:
            raise refusals.BAD_METADATA
        pairs[key] = _decoded(value)
    return pairs


def upload_id(bucket: str, path: str, version: UUID) -> str:
    """The last part of an upload's URL."""
    return urlsafe_b64encode(f"{bucket}/{path}/{version}".encode()).decode().rstrip("=")


def parse_upload_id(text: str) -> tuple[str, str, UUID]:
    """The bucket, path and version in an upload's URL."""
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        bucket, _, rest = decoded.partition("/")
        path, _, version = rest.rpartition("/")
        return bucket, path, UUID(version)
    except ValueError:
        raise Refusal(400, "Invalid upload id") from None


def _number(request: Request, name: str) -> int:
    text = request.headers[name]
    if not _NUMBER.fullmatch(text):
        raise Refusal(400, f"Invalid {name}\n")
    return int(text)


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode()
    except (NotBase64, UnicodeDecodeError):
        raise refusals.BAD_METADATA from None
