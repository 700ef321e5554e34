"""One request at a time for each upload. A later one makes the earlier one give way, as in Supabase Storage.

The earlier one is usually dead: its client lost the connection, which the server has not noticed, and asks on another
one how far it came.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from local.supabase_api.storage.refusals import LOCKED

WAIT_SECONDS = 5.0


@dataclass
class Turn:
    """The right to read and write an upload, until another request wants it."""

    wanted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class _Upload:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: Turn = field(default_factory=Turn)
    waiting: int = 0


class Turns:
    """The turns of all uploads of this process, which alone writes them."""

    def __init__(self) -> None:
        self._uploads: defaultdict[UUID, _Upload] = defaultdict(_Upload)

    @asynccontextmanager
    async def take(self, upload_id: UUID) -> AsyncGenerator[Turn]:
        """Ask the request whose turn it is to give way, and wait for it. Raises the refusal LOCKED if it does not."""
        upload = self._uploads[upload_id]
        upload.turn.wanted.set()
        upload.waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await upload.lock.acquire()
        except TimeoutError:
            raise LOCKED from None
        finally:
            upload.waiting -= 1
        try:
            upload.turn = Turn()
            if upload.waiting:
                upload.turn.wanted.set()
            yield upload.turn
        finally:
            upload.lock.release()
            if not upload.waiting and not upload.lock.locked():
                self._uploads.pop(upload_id, None)
