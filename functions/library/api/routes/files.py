"""Serves the files of a local directory by signed URL. With Supabase Storage, which serves files itself, it is off."""

import asyncio
import re
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from api.http.middleware import IS_HEAD
from api.http.security import too_large
from api.openapi.responses import BINARY, blank_problem, header, problems
from api.settings import DEFAULT_MAX_UPLOAD_BYTES
from api.uploads.form import file_sink
from shared.database.client import call
from shared.errors import (
    DatabaseUnavailable,
    EditAIError,
    InvalidUrl,
    NotFound,
    PayloadTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)
from shared.storage.factory import get_storage
from shared.storage.local_directory import LocalStorage
from shared.storage.paths import CONTENT_TYPES, UNKNOWN_CONTENT_TYPE, InvalidPath, content_type
from shared.storage.refusals import check_type

FILE: dict[str, Any] = {
    kind: {"schema": {**BINARY, "contentMediaType": kind}}
    for kind in (*sorted(CONTENT_TYPES), UNKNOWN_CONTENT_TYPE)
}
"""The documented media types of a file."""

UPLOAD = {"required": True, "content": {UNKNOWN_CONTENT_TYPE: {"schema": BINARY}}}
"""The body of an upload. Other types are in the description: a generated client would send the wrong one."""

ETAG = header("ETag", "Changes whenever the file changes.", required=True)
RANGE: dict[str, Any] = {
    "name": "Range",
    "in": "header",
    "description": "The part of the file to send (RFC 9110, 14.2). An invalid header, or one with more than 16 "
    "ranges, is ignored.",
    "schema": {"type": "string", "examples": ["bytes=0-1023"]},
}
MAX_RANGES = 16
"""A request with more gets the whole file, because many small ranges cost more than they save (RFC 9110, 14.2)."""

MAX_PARTS = 100
"""The maximum number of list elements in a Range header. Empty elements count, but are skipped (RFC 9110, 5.6.1)."""

_RANGE = re.compile(r"([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15})", re.ASCII)
RANGES = header("Accept-Ranges", "`bytes`", required=True)

UPLOAD_GRACE_SECONDS = 1800
"""How long an upload may continue after its URL has expired. It must stay below an hour: cleanup removes a deleted
source's file an hour after that, because a URL cannot be revoked."""

Expires = Annotated[str, Query(description="When the URL expires, in Unix time.")]
Signature = Annotated[str, Query(description="The signature of the URL.")]


class FileNotFound(NotFound):
    """No file is stored at this URL."""

    slug = "file-not-found"
    title = "File not found"
    default_detail = "The file was not found."


class FileExists(EditAIError):
    """An upload URL accepts only one file."""

    status = 409
    slug = "file-exists"
    title = "File already exists"
    default_detail = "A file has already been uploaded to this URL."


class RangedFile(FileResponse):
    """A file, or the requested ranges of it. An invalid Range header is ignored.

    Starlette's FileResponse sends 400 for an invalid header, and 416 if only one of several ranges is outside the file.
    Source: RFC 9110, 14.1.1, 14.1.2 and 14.2. For HEAD the file is not read.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        response_scope = {**scope, "method": "HEAD"} if IS_HEAD in scope else scope
        await super().__call__(response_scope, receive, send)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        ranges = _byte_ranges(http_range)
        if not ranges:
            return []  # Starlette then sends the whole file
        inside = [each for each in ranges if _is_inside(each, file_size)]
        selected = ",".join(each[0] for each in inside or ranges)
        return super()._parse_range_header(f"bytes={selected}", file_size)


def _byte_ranges(text: str) -> list[re.Match[str]]:
    """The ranges (`first-last`, `first-` or `-length`) of a Range header; none if it is invalid or has too many."""
    unit, _, listed = text.partition("=")
    parts = listed.split(",")
    if unit.lower() != "bytes" or len(parts) > MAX_PARTS:
        return []
    ranges = [each for part in parts if (each := part.strip(" \t"))]
    found = [one for each in ranges if (one := _RANGE.fullmatch(each))]
    are_ranges = len(found) == len(ranges) <= MAX_RANGES
    return found if are_ranges and not any(map(_is_backwards, found)) else []


def _is_backwards(one: re.Match[str]) -> bool:
    return bool(one[2]) and int(one[1]) > int(one[2])


def _is_inside(one: re.Match[str], file_size: int) -> bool:
    """Return whether any byte of the range is inside the file."""
    return int(one[1]) < file_size if one[1] else int(one[3]) > 0 < file_size


def files_router(storage: LocalStorage) -> APIRouter:
    """The routes that the signed URLs of a local directory point to."""
    router = APIRouter(prefix="/files", tags=["files"])

    @router.get(
        "/{path:path}",
        response_class=FileResponse,
        openapi_extra={"parameters": [RANGE]},
        responses={
            200: {"content": FILE, "description": "The file.", "headers": RANGES | ETAG},
            206: {
                "content": FILE | {"multipart/byteranges": {}},
                "description": "The requested ranges of the file.",
                "headers": RANGES
                | ETAG
                | header("Content-Range", "The position of the range, when there is only one."),
            },
            **blank_problem(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "The range is outside the file.",
                header("Content-Range", "The file's size."),
            ),
            **problems(InvalidUrl, FileNotFound, DatabaseUnavailable, common=False),
        },
    )
    async def read_file(
        path: str, expires: Expires = "", signature: Signature = ""
    ) -> FileResponse:
        """Read a file, or a range of it."""
        remaining = storage.signer.check("GET", path, expires=expires, signature=signature)
        # A URL ends with its row; the file of a deleted row is removed later, by cleanup.
        if not await call("has_file", bool, repeatable=True, path=path):
            raise FileNotFound
        try:
            file = await storage.fetch(path, Path())
        except (FileNotFoundError, InvalidPath):
            raise FileNotFound from None
        headers = {"Cache-Control": f"private, max-age={remaining}"}
        return RangedFile(file, media_type=content_type(path), headers=headers)

    @router.put(
        "/{path:path}",
        status_code=201,
        response_class=Response,
        responses={
            201: {"description": "The file is stored."},
            **problems(
                InvalidUrl,
                FileExists,
                PayloadTooLarge,
                RequestTimeout,
                UnsupportedMediaType,
                common=False,
                max_body_bytes=DEFAULT_MAX_UPLOAD_BYTES,
            ),
        },
        openapi_extra={"requestBody": UPLOAD},
    )
    async def write_file(
        request: Request, path: str, expires: Expires = "", signature: Signature = ""
    ) -> Response:
        """Upload a file, with the source's `content_type`, another `video/*` or none as its `Content-Type`.

        A URL accepts one file; the upload must end within half an hour after the URL expires.
        """
        remaining = storage.signer.check("PUT", path, expires=expires, signature=signature)
        check_type(request.headers.get("content-type") or UNKNOWN_CONTENT_TYPE)
        if await storage.size(path) is not None:
            raise FileExists
        async with storage.staging() as staged:
            await _receive(
                request,
                staged,
                max_bytes=storage.max_file_bytes,
                within_seconds=remaining + UPLOAD_GRACE_SECONDS,
            )
            if not await storage.put_new(staged, path):
                raise FileExists
        return Response(status_code=201)

    return router


async def _receive(
    request: Request, staged: Path, *, max_bytes: int, within_seconds: float
) -> None:
    if int(request.headers.get("content-length", "0")) > max_bytes:
        raise too_large(max_bytes)
    try:
        async with (
            asyncio.timeout(within_seconds),
            file_sink(staged, max_bytes=max_bytes) as sink,
        ):
            async for chunk in request.stream():
                await sink.write(chunk)
    except TimeoutError:
        raise RequestTimeout("The URL expired during the upload. Request a new URL.") from None


def local_storage() -> LocalStorage | None:
    """The storage if it is a local directory, otherwise None."""
    storage = get_storage()
    return storage if isinstance(storage, LocalStorage) else None
