"""All routes of /storage/v1."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.supabase_api.storage.resumable import ResumableUploads
from local.supabase_api.storage.signed import SignedUploads
from shared.storage.local_directory import LocalStorage

_WHY = (
    "The local stack keeps files in a directory and serves uploads with a signed token alone. Use the URLs in the"
    " library's responses: upload_url and resumable of a new source, video_url and thumbnail_url of a file."
)


def storage_routes(storage: LocalStorage) -> list[BaseRoute]:
    """What is served, and an explanation at every other path."""
    return [
        Route("/status", _status),
        *ResumableUploads(storage).routes(),
        *SignedUploads(storage).routes(),
        Route("/{path:path}", _not_here, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


async def _status(_request: Request) -> Response:
    return Response()


async def _not_here(_request: Request) -> Response:
    """An error in the form that Storage's clients read."""
    content = {"statusCode": "501", "error": "NotSupported", "message": _WHY}
    return JSONResponse(content, 501)
