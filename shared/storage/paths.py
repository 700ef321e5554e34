"""Paths of stored files: what one may look like, and what a file at it is."""

import re
from pathlib import PurePosixPath

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_PATH = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
_MAX_LENGTH = 512

_CONTENT_TYPES = {
    ".avi": "video/x-msvideo",
    ".jpg": "image/jpeg",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mts": "video/mp2t",
    ".ts": "video/mp2t",
    ".webm": "video/webm",
}
UNKNOWN_CONTENT_TYPE = "application/octet-stream"
"""Browsers save it instead of showing it."""

CONTENT_TYPES = frozenset(_CONTENT_TYPES.values())
"""What stored files are otherwise."""


class InvalidPath(ValueError):
    """A text is no path of a stored file."""


def check_path(path: str) -> str:
    """Return the path; raise InvalidPath unless each segment is a plain name, none of them hidden."""
    if not is_path(path):
        raise InvalidPath("not a path of a stored file")
    return path


def is_path(text: str) -> bool:
    """Tell whether a text can be the path of a stored file."""
    return len(text) <= _MAX_LENGTH and _PATH.fullmatch(text) is not None


def check_prefix(prefix: str) -> str:
    """Return the beginning of paths; raise InvalidPath when no path can begin so."""
    check_path(prefix.removesuffix("/"))
    return prefix


def content_type(path: str) -> str:
    """What a file is by its extension; never a type that a browser would run."""
    return _CONTENT_TYPES.get(PurePosixPath(path).suffix, UNKNOWN_CONTENT_TYPE)


def video_extension(file_name: str) -> str:
    """The extension to store a video under: its own where it is a usual one, else none."""
    extension = PurePosixPath(file_name).suffix.lower()
    return extension if _CONTENT_TYPES.get(extension, "").startswith("video/") else ""
