"""Whether this process can use its storage: for readyz, which may be called often."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import EditAIError, StorageUnavailable

TIMEOUT_SECONDS = 2.0
KEPT_SECONDS = 5.0
"""An outcome is told for this long, so that callers of readyz put no load on storage."""


class StorageCheck:
    """Asks a storage whether it works: at most every KEPT_SECONDS, one question at a time, within TIMEOUT_SECONDS.

    A question that gets no response goes on, and until it ends no other is asked: a thread may hang on a disk.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._asked: asyncio.Task[bool] | None = None
        self._asked_at = 0.0

    async def check(self) -> None:
        """Return if storage works. Raises StorageUnavailable."""
        now = asyncio.get_running_loop().time()
        if self._asked is None or (self._asked.done() and now - self._asked_at >= KEPT_SECONDS):
            self._asked, self._asked_at = asyncio.create_task(self._works()), now
        left = max(0.0, self._asked_at + TIMEOUT_SECONDS - now)
        done, _ = await asyncio.wait((self._asked,), timeout=left)
        if not done or not self._asked.result():
            raise StorageUnavailable

    async def _works(self) -> bool:
        try:
            await self._ask()
        except EditAIError:
            return False
        return True
