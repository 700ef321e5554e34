"""Answers a request for progress as events."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.events.feed import Wanted, get_feed
from api.events.snapshot import Snapshot, job_followed_by
from api.events.stream import HEADERS, EventStream, stream_slots
from api.http.middleware import IS_HEAD
from api.http.security import caller_of
from api.settings import get_library_settings
from shared.auth.users import Caller
from shared.errors import ProjectNotFound, TooManyStreams
from shared.jobs.progress import get_progress_of

EVENTS = "text/event-stream"


def wants_events(request: Request) -> bool:
    """Whether the client accepts events by name (RFC 9110, 12.5.1). A wildcard asks for JSON."""
    for accepted in ",".join(request.headers.getlist("accept")).split(","):
        name, *parameters = (part.strip().lower() for part in accepted.split(";"))
        if name == EVENTS:
            return not any(
                parameter in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters
            )
    return False


async def follow(request: Request, project_id: str, caller: Caller, seen: str | None) -> Response:
    """The stream of a project's progress for a client whose last event was `seen`.

    Raises ProjectNotFound, TooManyStreams, DatabaseUnavailable.
    """
    wanted = Wanted(project_id, caller.owner_id, job_followed_by(seen))
    [progress] = await get_progress_of([wanted])
    if progress is None:
        raise ProjectNotFound
    snapshot = Snapshot.of(progress)
    if snapshot.has_ended and seen == snapshot.end_event_id:
        return Response(status_code=204, headers=HEADERS)
    if not stream_slots.is_free(caller):
        raise TooManyStreams
    if request.scope.get(IS_HEAD):
        return Response(headers=HEADERS, media_type=EVENTS)
    return EventStream(
        feed=get_feed(),
        caller=caller,
        recheck=partial(caller_of, request),
        wanted=wanted._replace(job_id=snapshot.job_id),
        snapshot=snapshot,
        seen=seen,
        max_seconds=get_library_settings().events_max_seconds,
    ).response()
