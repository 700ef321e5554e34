"""Follows a project's progress: by server-sent events, and by polling where these do not get through.

stream --event--> yield --end--> done
  |- breaks --> stream again, from the last event
  '- brought nothing --> one poll --> yield --> stream again
                           '- two streams brought nothing while polls succeed: only polls from then on
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from httpx_sse import ServerSentEvent, SSEError, aconnect_sse

from editai_client._async.http import Http
from editai_client.models import Progress
from editai_client.problems import LibraryError, problem_of, retry_after
from editai_client.retrying import GATEWAY_STATUSES, backoff_seconds
from editai_client.waiting import async_sleep

POLL_SECONDS = 0.5
MAX_OUTAGE_SECONDS = 60.0
"""How long the library may not respond, for instance during a restart."""

SILENCE_SECONDS = 45.0
"""The library sends a comment more often than this, so a longer silence is a fault of the line."""

MAX_BARREN_STREAMS = 2


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one event or response told; `progress` is None if it is what was told before."""

    progress: Progress | None
    ended: bool
    delay_seconds: float = POLL_SECONDS


@dataclass(kw_only=True)
class Follower:
    """The two ways to hear of one project's progress, and what both need to remember."""

    http: Http
    project_id: str
    barren_streams: int = 0
    """Streams that brought nothing, since one last did."""
    failures: int = 0
    last_success: float = field(default_factory=time.monotonic)
    retry_seconds: float = POLL_SECONDS
    """How long to wait before the next stream."""
    last_event_id: str = ""
    etag: str = ""
    last: str = ""

    async def follow(self) -> AsyncGenerator[Progress]:
        """Yield every change until the job has ended, including the last one."""
        while True:
            brought = False
            async with aclosing(self._stream()) as stream:
                async for told in stream:
                    brought = True
                    if told.progress:
                        yield told.progress
                    if told.ended:
                        return
            if brought:
                await async_sleep(self.retry_seconds)
                continue
            told = await self._poll_patiently()
            if told.progress:
                yield told.progress
            if told.ended:
                return
            await async_sleep(told.delay_seconds)

    async def _stream(self) -> AsyncGenerator[Told]:
        """Yield until the stream ends or breaks. Whether the library is there at all is for the poll to find out."""
        if self.barren_streams >= MAX_BARREN_STREAMS:
            return
        headers = self.http.headers()
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        timeout = httpx.Timeout(30.0, read=SILENCE_SECONDS)
        try:
            async with aconnect_sse(
                self.http.client, "GET", self._path, headers=headers, timeout=timeout
            ) as source:
                if source.response.is_error:
                    await source.response.aread()
                    raise problem_of(source.response)
                async for event in source.aiter_sse():
                    self._note_event(event)
                    if (
                        event.data
                    ):  # httpx-sse also yields a block that only says when to connect again
                        yield self._told(event.data, event.event)
        except (httpx.TransportError, SSEError):
            return
        except LibraryError as error:
            if not is_transient(error):
                raise

    async def _poll_patiently(self) -> Told:
        """Poll until the library responds. Raises the last error after a minute without a response."""
        while True:
            try:
                told = await self._poll()
            except (LibraryError, httpx.TransportError) as error:
                outage_seconds = time.monotonic() - self.last_success
                if outage_seconds > MAX_OUTAGE_SECONDS or not is_transient(error):
                    raise
                self.failures += 1
                asked = error.retry_after if isinstance(error, LibraryError) else None
                await async_sleep(backoff_seconds(self.failures) if asked is None else asked)
            else:
                self._note_success()
                self.barren_streams += 1
                return told

    async def _poll(self) -> Told:
        headers = self.http.headers() | ({"If-None-Match": self.etag} if self.etag else {})
        response = await self.http.client.get(self._path, headers=headers)
        delay = retry_after(response) or POLL_SECONDS
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return Told(progress=None, ended=False, delay_seconds=delay)
        if response.is_error:
            raise problem_of(response)
        self.etag = response.headers.get("ETag", "")
        return self._told(response.text, delay_seconds=delay)

    def _told(self, data: str, event: str = "", delay_seconds: float = POLL_SECONDS) -> Told:
        progress = Progress.model_validate_json(data)
        is_new, self.last = data != self.last, data
        return Told(
            progress=progress if is_new else None,
            ended=event == "end" or has_ended(progress),
            delay_seconds=delay_seconds,
        )

    def _note_event(self, event: ServerSentEvent) -> None:
        self.last_event_id = event.id
        if event.retry is not None:
            self.retry_seconds = event.retry / 1000
        self._note_success()
        self.barren_streams = 0

    def _note_success(self) -> None:
        self.failures, self.last_success = 0, time.monotonic()

    @property
    def _path(self) -> str:
        return f"/projects/{self.project_id}/progress"


def has_ended(progress: Progress) -> bool:
    """Whether no job of the project is active."""
    return progress.job is None or progress.job.status not in ("queued", "running")


def is_transient(error: LibraryError | httpx.TransportError) -> bool:
    """Whether a retry may help: there was no response, or the response asks for a retry."""
    if isinstance(error, httpx.TransportError):
        return True
    return error.retry_after is not None or error.status in GATEWAY_STATUSES
