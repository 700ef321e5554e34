"""Reads progress for all event streams of this process: one call a second, and none while there is no stream.

    stream 1 --.                                            .--> stream 1
    stream 2 ---+--> watches: what each wants --1 call/s--> +--> stream 2    only if something has changed
    stream 3 --'                                            '--> stream 3

Nothing here is the truth: a watch holds only the last read, for those who listen now. A stream that falls behind skips
states, so nothing queues up for a slow reader.
"""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from api.events.snapshot import Snapshot
from shared.errors import EditAIError
from shared.jobs.progress import get_progress_of

READ_SECONDS = 1.0
"""A worker writes progress at most once a second."""

logger = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A project, the owner that may read it (None: any), and the job to follow (None: the newest)."""

    project_id: str
    owner_id: UUID | None
    job_id: UUID | None


@dataclass(kw_only=True)
class Watch:
    """The last read of what one or more streams want."""

    wanted: Wanted
    snapshot: Snapshot | None
    """None: there is no such project any more."""
    listeners: int = 0
    asked_at: float = 0.0
    """When the read began (loop time). A stream ignores a read that began before its own first one."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once, at the next change; then replaced."""

    def publish(self, snapshot: Snapshot | None, asked_at: float) -> None:
        """Store a read, and wake the streams if it differs from the last one."""
        digests = [known and known.digest for known in (snapshot, self.snapshot)]
        self.snapshot, self.asked_at = snapshot, asked_at
        if digests[0] != digests[1]:
            self.wake()

    def wake(self) -> None:
        """Wake every stream that waits."""
        self.changed.set()
        self.changed = asyncio.Event()


class Feed:
    """The watches of one event loop, and the task that reads for them."""

    def __init__(self) -> None:
        self.is_failing = False
        """Whether the last read failed."""
        self._watches: dict[Wanted, Watch] = {}
        self._reader: asyncio.Task[None] | None = None

    @contextmanager
    def watch(self, wanted: Wanted, snapshot: Snapshot) -> Generator[Watch]:
        """Watch progress during the block. `snapshot` is what the caller has just read."""
        watch = self._watches.setdefault(wanted, Watch(wanted=wanted, snapshot=snapshot))
        watch.listeners += 1
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_until_unused())
        try:
            yield watch
        finally:
            watch.listeners -= 1
            if not watch.listeners:
                del self._watches[wanted]

    async def _read_until_unused(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            asked_at = now()
            await asyncio.sleep(READ_SECONDS)
            if not self._watches:
                return
            asked_at = now()
            await self._read(list(self._watches.values()), asked_at)

    async def _read(self, watches: list[Watch], asked_at: float) -> None:
        try:
            found = await get_progress_of([watch.wanted for watch in watches])
        except Exception as error:
            # The streams stay open, so this task has to go on, whatever the error is.
            if not isinstance(error, EditAIError):
                logger.exception("progress could not be read for the event streams")
            self._set_failing(failing=True)
            return
        self._set_failing(failing=False)
        for watch, progress in zip(watches, found, strict=True):
            watch.publish(progress and Snapshot.of(progress), asked_at)

    def _set_failing(self, *, failing: bool) -> None:
        if failing != self.is_failing:
            self.is_failing = failing
            for watch in self._watches.values():
                watch.wake()


_feed: Feed | None = None
_feed_loop: asyncio.AbstractEventLoop | None = None


def get_feed() -> Feed:
    """The feed of the running event loop."""
    global _feed, _feed_loop
    loop = asyncio.get_running_loop()
    if _feed is None or _feed_loop is not loop:
        _feed, _feed_loop = Feed(), loop
    return _feed
