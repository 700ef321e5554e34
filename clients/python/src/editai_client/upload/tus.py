"""The words of the TUS protocol, as Supabase Storage offers it.

    POST  url       Upload-Length, Upload-Metadata          201, Location: the upload
    PATCH location  Upload-Offset, at most one chunk        204, Upload-Offset
    HEAD  location  after any failure                       200, Upload-Offset: go on from there

Source: tus.io, resumable upload protocol 1.0.0.
"""

import base64
from collections.abc import Mapping
from http import HTTPStatus

import httpx

from editai_client.problems import LibraryError, problem_of

VERSION = "1.0.0"
CHUNK_TYPE = "application/offset+octet-stream"

_GONE = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
)
_TRANSIENT = (
    HTTPStatus.CONFLICT,
    HTTPStatus.LOCKED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


class UploadExpired(Exception):
    """Storage does not know this upload any more: its time is over, or it was removed.

    Uploading again starts from the beginning.
    """


class TryAgain(Exception):
    """Storage could not take a request, but may take it later."""


def encoded(metadata: Mapping[str, str]) -> str:
    """Metadata as a header: `name base64,name base64`."""
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items()
    )


def offset_of(response: httpx.Response) -> int:
    """How many bytes of the file storage has."""
    value = response.headers.get("Upload-Offset", "")
    if not value.isdecimal():
        raise LibraryError(response)
    return int(value)


def check(response: httpx.Response) -> None:
    """Raise what an error response means for the upload."""
    if response.is_success:
        return
    problem = problem_of(response)
    if response.status_code in _TRANSIENT:
        raise TryAgain(str(problem)) from problem
    if response.status_code in _GONE:
        raise UploadExpired(str(problem)) from problem
    raise problem
