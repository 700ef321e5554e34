"""One client's event stream: from its first event to its end.

    GET ... Accept: text/event-stream        retry, progress, progress ..., end      the job has ended
    GET ... Last-Event-ID: <of a progress>   what has changed since, or nothing until something changes
    GET ... Last-Event-ID: <of an end>       204, unless the project has another job by now: then its events

Every stream has a maximum age, below Cloud Run's limit for a request. It then ends without an event `end`, and its
client resumes. A stream also ends so when the process has to end, or when the access token has expired. Nothing is
lost: an event is a state, and a client that resumes gets the newest state unless it has seen it.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.events.feed import Feed, Wanted, Watch
from api.events.snapshot import Snapshot
from api.http.caller_slots import CallerSlots
from shared.auth.users import Caller
from shared.errors import Forbidden, Unauthenticated
from shared.serving.ending import ProcessEnds, until_ending

HEARTBEAT_SECONDS = 15.0
"""A comment after so long without an event keeps proxies from closing the connection."""

RETRY_MILLISECONDS = (1000, 3000)
"""When a client resumes. Each stream draws its own, so that not all clients of an ended process come at once."""

GRACE_SECONDS = 2.0
"""How long a client that does not read may delay the end of its stream."""

MAX_STREAMS_PER_USER = 20
MAX_STREAMS_FOR_SERVICE = 2000

HEADERS = {
    # Neither a cache nor a compressing proxy may hold events back; nginx reads the second header.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Vary": "Authorization, Accept",
}

stream_slots = CallerSlots(per_user=MAX_STREAMS_PER_USER, for_service=MAX_STREAMS_FOR_SERVICE)


@dataclass(kw_only=True)
class EventStream:
    """What one client follows, and what it has seen."""

    feed: Feed
    caller: Caller
    recheck: Callable[[], Awaitable[Caller]]
    """Raises Unauthenticated or Forbidden if the client's token is no longer accepted."""
    wanted: Wanted
    snapshot: Snapshot
    seen: str | None
    """The id of the last event that the client got."""
    max_seconds: float

    def response(self) -> "EventStreamResponse":
        """The response that sends the events."""
        return EventStreamResponse(self)

    async def events(self) -> AsyncGenerator[bytes]:
        """The stream's events and comments."""
        yield format_sse_event(retry=random.randint(*RETRY_MILLISECONDS))  # noqa: S311 - jitter, not a secret
        until = asyncio.get_running_loop().time() + self.max_seconds * random.uniform(0.9, 1)  # noqa: S311
        try:
            while not self.snapshot.has_ended:
                async for event in self._follow(until):
                    await self.recheck()
                    yield event
            await self.recheck()
            for event in self._last_events():
                yield event
        except (Unauthenticated, Forbidden):
            yield _comment("the access token is no longer accepted")
        except _Over as reason:
            yield _comment(str(reason))

    async def _follow(self, until: float) -> AsyncGenerator[bytes]:
        """The events of what is watched, until its job has ended or, if there was none, has started."""
        joined_at = asyncio.get_running_loop().time()
        with self.feed.watch(self.wanted, self.snapshot) as watch:
            failing = False
            while not self.snapshot.has_ended:
                changed = watch.changed
                if failing != self.feed.is_failing:
                    failing = self.feed.is_failing
                    yield _comment(_FAULT if failing else "the database responds again")
                if self.seen != self.snapshot.event_id:
                    self.seen = self.snapshot.event_id
                    yield self._progress()
                if self.snapshot.job_id != self.wanted.job_id:
                    self.wanted = self.wanted._replace(job_id=self.snapshot.job_id)
                    return
                if not await _wait(changed, until):
                    yield _comment("still here")
                self._take(watch, joined_at)

    def _take(self, watch: Watch, joined_at: float) -> None:
        if watch.asked_at < joined_at:
            return
        if watch.snapshot is None:
            raise _Over("the project was deleted")
        self.snapshot = watch.snapshot

    def _last_events(self) -> list[bytes]:
        final, data = self.snapshot, self.snapshot.body.decode()
        progress = [] if self.seen == final.event_id else [self._progress()]
        return [*progress, format_sse_event(event="end", id=final.end_event_id, data_str=data)]

    def _progress(self) -> bytes:
        shown = self.snapshot
        return format_sse_event(event="progress", id=shown.event_id, data_str=shown.body.decode())


class EventStreamResponse(EventSourceResponse):
    """Sends a stream's events; ends with its client's connection, and soon after the stream's time is over."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__(stream.events(), headers=HEADERS)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        try:
            async with (
                until_ending(GRACE_SECONDS),
                asyncio.timeout(self._stream.max_seconds + GRACE_SECONDS),
            ):
                with stream_slots.hold(self._stream.caller):
                    await super().__call__(scope, receive, send)
        except (TimeoutError, ProcessEnds):
            # The client has not read what it was sent. A connection whose client is gone is closed likewise.
            raise ClientDisconnect from None


class _Over(Exception):
    """The stream ends before its job."""


_FAULT = "the database does not respond; events go on when it does"


async def _wait(changed: asyncio.Event, until: float) -> bool:
    """Wait for a change; False after HEARTBEAT_SECONDS without one. Raises _Over at `until`, or if the process ends."""
    now = asyncio.get_running_loop().time()
    try:
        async with until_ending(), asyncio.timeout_at(min(until, now + HEARTBEAT_SECONDS)):
            await changed.wait()
    except TimeoutError:
        if now + HEARTBEAT_SECONDS < until:
            return False
        raise _Over("this stream has reached its maximum age; resume") from None
    except ProcessEnds:
        raise _Over("this process ends; resume") from None
    return True


def _comment(text: str) -> bytes:
    return format_sse_event(comment=text)
