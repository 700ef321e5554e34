"""Paths of stored files: which are valid, and the content type that each implies."""

import re
from pathlib import PurePosixPath

from shared.media.containers import CONTENT_TYPES as VIDEO_TYPES

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_PATH = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
_MAX_LENGTH = 512

UNKNOWN_CONTENT_TYPE = "application/octet-stream"
"""The type of a file whose extension says nothing. Browsers download it instead of displaying it."""

THUMBNAIL_CONTENT_TYPE = "image/jpeg"

_CONTENT_TYPES = {**VIDEO_TYPES, ".jpg": THUMBNAIL_CONTENT_TYPE}

CONTENT_TYPES = frozenset(_CONTENT_TYPES.values())
"""The known types of stored files."""

BUCKET_TYPES = ("video/*", THUMBNAIL_CONTENT_TYPE, UNKNOWN_CONTENT_TYPE)
"""What the bucket accepts. Videos of every subtype, because browsers have several names for one container. Nothing that
a browser would execute."""


class InvalidPath(ValueError):
    """The text is not a valid path of a stored file."""


def check_path(path: str) -> str:
    """Return the path; raise InvalidPath unless each segment is a plain name that is not hidden."""
    if not is_path(path):
        raise InvalidPath("not a path of a stored file")
    return path


def is_path(text: str) -> bool:
    """Whether a text is a valid path of a stored file."""
    return len(text) <= _MAX_LENGTH and _PATH.fullmatch(text) is not None


def check_prefix(prefix: str) -> str:
    """Return the prefix; raise InvalidPath if no valid path can begin with it."""
    check_path(prefix.removesuffix("/"))
    return prefix


def content_type(path: str) -> str:
    """The content type by extension; never one that a browser would execute."""
    return _CONTENT_TYPES.get(PurePosixPath(path).suffix, UNKNOWN_CONTENT_TYPE)


def video_extension(file_name: str) -> str:
    """The extension to store a video under: its own if it is a known one, otherwise none."""
    extension = PurePosixPath(file_name).suffix.lower()
    return extension if extension in VIDEO_TYPES else ""
