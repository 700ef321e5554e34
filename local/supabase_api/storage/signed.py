"""The upload of a whole file by one request with a signed token, as storage-js sends it by uploadToSignedUrl.

    PUT …/object/upload/sign/{bucket}/{path}?token=…   200, {"Key": "{bucket}/{path}"}

The body is the file itself, or a form whose first file it is. Fields of the form and `x-upsert` change nothing: the
type of a file follows from its path, and the library's tokens permit new files only.
Source: supabase/storage, src/http/routes/object/uploadSignedObject.ts and src/internal/errors/codes.ts. The status of
an error is a member of its body; the response's own status is 400.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.http.middleware import LINGER_SECONDS
from api.uploads.form import FileSink, file_sink
from api.uploads.multipart import PartBegin, PartEnd, read_parts
from shared.errors import MalformedRequest, PayloadTooLarge, UnsupportedMediaType
from shared.storage.local_directory import LocalStorage
from shared.storage.paths import UNKNOWN_CONTENT_TYPE, is_path
from shared.storage.refusals import check_type
from shared.storage.unfinished_uploads import GRACE_SECONDS
from shared.storage.upload_tokens import InvalidUploadToken

PATH = "/object/upload/sign/{bucket}/{path:path}"
FORM = "multipart/form-data"


class _Refusal(Exception):
    """What Storage responds: the status and the name of the error, and a sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.body = {"statusCode": str(status), "error": error, "message": message}


class SignedUploads:
    """Serves the signed uploads of one storage directory."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage

    def routes(self) -> list[Route]:
        """The route below /storage/v1."""
        return [Route(PATH, self._answer, methods=["PUT"])]

    async def _answer(self, request: Request) -> Response:
        try:
            try:
                return JSONResponse({"Key": await self._upload(request)})
            except _Refusal as refusal:
                await _drop_rest(request)
                return JSONResponse(refusal.body, 400)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody receives it

    async def _upload(self, request: Request) -> str:
        bucket, path = request.path_params["bucket"], request.path_params["path"]
        if bucket != self._storage.tokens.bucket:
            raise _Refusal(404, "Bucket not found", "Bucket not found")
        if not is_path(path):
            raise _Refusal(400, "InvalidKey", f"Invalid key: {path[:200]}")
        expires_at = self._check_token(request.query_params.get("token", ""), path)
        if await self._storage.size(path) is not None:
            raise _exists()
        async with self._storage.staging() as staged:
            try:
                async with (
                    asyncio.timeout(expires_at + GRACE_SECONDS - time.time()),
                    file_sink(staged, max_bytes=self._storage.max_file_bytes) as sink,
                ):
                    await _receive(request, sink)
            except TimeoutError:
                raise _Refusal(400, "InvalidJWT", "The token expired during the upload") from None
            except PayloadTooLarge:
                message = "The object exceeded the maximum allowed size"
                raise _Refusal(413, "Payload too large", message) from None
            except MalformedRequest as error:
                raise _Refusal(400, "InvalidRequest", str(error)) from None
            if not await self._storage.put_new(staged, path):
                raise _exists()
        return f"{bucket}/{path}"

    def _check_token(self, token: str, path: str) -> int:
        """When the token expires, in Unix time."""
        if not token:
            raise _Refusal(400, "Error", "querystring must have required property 'token'")
        try:
            return self._storage.tokens.check(token, path)
        except InvalidUploadToken as error:
            raise _Refusal(400, "InvalidJWT", str(error)) from None


async def _drop_rest(request: Request) -> None:
    """Read the rest of the body: the gateway would otherwise end the connection, and the client lose the response."""
    # RuntimeError: all of it has been read.
    with suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(LINGER_SECONDS):
            async for _ in request.stream():
                pass


def _exists() -> _Refusal:
    return _Refusal(409, "Duplicate", "The resource already exists")


async def _receive(request: Request, sink: FileSink) -> None:
    content_type = request.headers.get("content-type") or UNKNOWN_CONTENT_TYPE
    if content_type.partition(";")[0].strip().lower() == FORM:
        await _receive_form(content_type, request.stream(), sink)
        return
    _check_allowed(content_type)
    async for chunk in request.stream():
        await sink.write(chunk)


async def _receive_form(content_type: str, body: AsyncIterator[bytes], sink: FileSink) -> None:
    """Write the form's first file; the rest of the form is read and dropped."""
    files = 0
    in_file = False
    async with aclosing(read_parts(content_type, body)) as events:
        async for event in events:
            if isinstance(event, PartBegin):
                in_file = event.file_name is not None and not files
                if in_file:
                    files += 1
                    _check_allowed(event.content_type or UNKNOWN_CONTENT_TYPE)
            elif isinstance(event, PartEnd):
                in_file = False
            elif in_file:
                await sink.write(event)
    if not files:
        raise _Refusal(400, "InvalidRequest", "No content provided")


def _check_allowed(content_type: str) -> None:
    try:
        check_type(content_type)
    except UnsupportedMediaType:
        message = f"mime type {content_type[:100]} is not supported"
        raise _Refusal(415, "invalid_mime_type", message) from None
