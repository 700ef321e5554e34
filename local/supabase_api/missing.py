"""What the local stack does not have, and why: Realtime."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

_REALTIME = (
    "The local stack has no Realtime. Follow a job by GET /projects/{id}/progress; on hosted Supabase, a channel on the"
    " table editai_generation_progress also works."
)


def realtime_routes() -> list[BaseRoute]:
    """An explanation at every path. A web socket's handshake gets it too, and fails."""
    return [Route("/{path:path}", _no_realtime, methods=["GET", "POST"])]


async def _no_realtime(_request: Request) -> Response:
    return JSONResponse({"error": "not_supported", "message": _REALTIME}, 501)
