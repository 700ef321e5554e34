"""The routes of signed resumable uploads: the TUS protocol 1.0.0 (tus.io) with Supabase Storage's header x-signature.

    POST   …/upload/resumable/sign        201, Location
    HEAD   …/upload/resumable/sign/{id}   200, Upload-Offset
    PATCH  …/upload/resumable/sign/{id}   204, Upload-Offset
    DELETE …/upload/resumable/sign/{id}   204

One difference from Storage: an upload to a path that is taken is refused when it is created, not after its last byte.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.supabase_api.storage import refusals
from local.supabase_api.storage import request as tus
from local.supabase_api.storage.receiving import receive, store_if_complete
from local.supabase_api.storage.refusals import Refusal
from local.supabase_api.storage.turns import Turns
from shared.errors import UnsupportedMediaType
from shared.storage.local_directory import LocalStorage
from shared.storage.paths import is_path
from shared.storage.refusals import check_type
from shared.storage.unfinished_uploads import Announced, UnfinishedUpload
from shared.storage.upload_tokens import InvalidUploadToken

PATH = "/upload/resumable/sign"
PROTOCOL = {"Tus-Resumable": tus.VERSION, "Cache-Control": "no-store"}
CAPABILITIES = {
    "Tus-Version": tus.VERSION,
    "Tus-Extension": "creation,creation-with-upload,termination,expiration",
}

Handler = Callable[[Request], Awaitable[Response]]


class ResumableUploads:
    """Serves the resumable uploads of one storage directory."""

    def __init__(self, storage: LocalStorage) -> None:
        self._storage = storage
        self._turns = Turns()

    def routes(self) -> list[Route]:
        """The routes below /storage/v1."""
        one = f"{PATH}/{{upload_id}}"
        return [
            Route(PATH, _answering(self._create), methods=["POST"]),
            Route(PATH, self._options, methods=["OPTIONS"]),
            Route(one, self._options, methods=["OPTIONS"]),
            Route(one, _answering(self._head), methods=["HEAD"]),
            Route(one, _answering(self._patch), methods=["PATCH"]),
            Route(one, _answering(self._delete), methods=["DELETE"]),
        ]

    async def _options(self, _request: Request) -> Response:
        limit = {"Tus-Max-Size": str(self._storage.max_file_bytes)}
        return Response(status_code=204, headers=PROTOCOL | CAPABILITIES | limit)

    async def _create(self, request: Request) -> Response:
        length, metadata = tus.announced_length(request), tus.metadata(request)
        path = metadata.get("objectName", "")
        self._check_bucket_and_path(metadata.get("bucketName", ""), path)
        if length > self._storage.max_file_bytes:
            raise refusals.TOO_LARGE
        expires_at = self._check_signature(request, path)
        if "contentType" in metadata:
            _check_allowed(metadata["contentType"])
        if await self._storage.size(path) is not None:
            raise refusals.EXISTS
        announced = Announced(
            path=path,
            length=length,
            metadata=request.headers["upload-metadata"],
            expires_at=expires_at,
        )
        upload_id = self._storage.unfinished.create(announced)
        response = await self._first_bytes(request, upload_id)
        location = tus.upload_id(self._storage.tokens.bucket, path, upload_id)
        response.headers["Location"] = f"{request.url.replace(query='')}/{location}"
        return response

    async def _first_bytes(self, request: Request, upload_id: UUID) -> Response:
        async with self._turns.take(upload_id) as turn:
            upload = self._found(upload_id)
            if tus.has_chunk(request):
                await receive(request, upload, turn)
            await store_if_complete(self._storage, upload)
            return _state(201, upload)

    async def _head(self, request: Request) -> Response:
        upload_id = self._allowed(request)
        async with self._turns.take(upload_id):
            upload = self._found(upload_id)
            await store_if_complete(self._storage, upload)
            response = _state(200, upload)
        response.headers["Upload-Length"] = str(upload.announced.length)
        response.headers["Upload-Metadata"] = upload.announced.metadata
        return response

    async def _patch(self, request: Request) -> Response:
        offset = tus.offset(request)
        tus.check_chunk_type(request)
        upload_id = self._allowed(request)
        async with self._turns.take(upload_id) as turn:
            upload = self._found(upload_id)
            if offset != upload.offset:
                raise refusals.WRONG_OFFSET
            if not upload.is_stored:
                await receive(request, upload, turn)
                await store_if_complete(self._storage, upload)
            return _state(204, upload)

    async def _delete(self, request: Request) -> Response:
        upload_id = self._allowed(request)
        async with self._turns.take(upload_id):
            upload = self._found(upload_id)
            if upload.is_stored:
                raise refusals.TERMINATED_LATE
            upload.remove()
        return Response(status_code=204, headers=PROTOCOL)

    def _allowed(self, request: Request) -> UUID:
        """The id of the upload that the URL names and the signature permits."""
        bucket, path, upload_id = tus.parse_upload_id(request.path_params["upload_id"])
        self._check_bucket_and_path(bucket, path)
        self._check_signature(request, path)
        upload = self._storage.unfinished.get(upload_id)
        if upload is not None and upload.announced.path != path:
            raise refusals.NOT_FOUND
        return upload_id

    def _found(self, upload_id: UUID) -> UnfinishedUpload:
        upload = self._storage.unfinished.get(upload_id)
        if upload is None:
            raise refusals.NOT_FOUND
        if upload.has_expired:
            raise refusals.GONE
        return upload

    def _check_bucket_and_path(self, bucket: str, path: str) -> None:
        if bucket != self._storage.tokens.bucket:
            raise refusals.NO_BUCKET
        if not is_path(path):
            raise Refusal(400, f"Invalid key: {path[:200]}")

    def _check_signature(self, request: Request, path: str) -> int:
        """When the signature expires, in Unix time. It is checked for each request, as Storage does."""
        token = request.headers.get("x-signature")
        if not token:
            raise refusals.NO_SIGNATURE
        try:
            return self._storage.tokens.check(token, path)
        except InvalidUploadToken as error:
            raise refusals.bad_signature(str(error)) from None


def _check_allowed(content_type: str) -> None:
    try:
        check_type(content_type)
    except UnsupportedMediaType:
        raise refusals.type_not_allowed(content_type) from None


def _state(status: int, upload: UnfinishedUpload) -> Response:
    """A response with the offset, and until when the rest is accepted."""
    headers = PROTOCOL | {"Upload-Offset": str(upload.offset)}
    if not upload.is_stored:
        expires_at = datetime.fromtimestamp(upload.announced.expires_at, UTC)
        headers["Upload-Expires"] = format_datetime(expires_at, usegmt=True)
    return Response(status_code=status, headers=headers)


def _answering(handler: Handler) -> Handler:
    """Check the protocol's version first, and turn a refusal into its response."""

    async def answer(request: Request) -> Response:
        try:
            tus.check_version(request)
            return await handler(request)
        except Refusal as refusal:
            return PlainTextResponse(refusal.text, refusal.status, PROTOCOL)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody receives it

    return answer
