"""Whether this process can use its storage: for readyz, which may be called often."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.errors import EditAIError, StorageUnavailable

TIMEOUT_SECONDS = 2.0
KEPT_SECONDS = 5.0
"""Storage that works is asked again after this long, so that callers of readyz put no load on it."""
FAILURE_KEPT_SECONDS = 1.0
"""A failure is told for a shorter time, so that readyz and operators see a recovery at once."""


class StorageCheck:
    """Asks a storage whether it works: rarely, one question at a time, within TIMEOUT_SECONDS.

    A question that gets no response goes on, and until it ends no other is asked: a thread may hang on a disk.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]]) -> None:
        self._ask = ask
        self._asked: asyncio.Task[bool] | None = None
        self._asked_at = 0.0

    async def check(self) -> None:
        """Return if storage works. Raises StorageUnavailable."""
        now = asyncio.get_running_loop().time()
        if self._asked is None or self._is_over(self._asked, now - self._asked_at):
            self._asked, self._asked_at = asyncio.create_task(self._works()), now
        left = max(0.0, self._asked_at + TIMEOUT_SECONDS - now)
        done, _ = await asyncio.wait((self._asked,), timeout=left)
        if not done or not self._asked.result():
            raise StorageUnavailable

    def _is_over(self, asked: asyncio.Task[bool], age_seconds: float) -> bool:
        """Whether it is time for the next question."""
        if not asked.done():
            return False
        return age_seconds >= (KEPT_SECONDS if asked.result() else FAILURE_KEPT_SECONDS)

    async def _works(self) -> bool:
        try:
            await self._ask()
        except EditAIError:
            return False
        return True
