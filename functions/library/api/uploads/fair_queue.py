"""Hands out a few slots between callers in turn, so that one with much to do delays the others by one piece of work."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)


class QueueFull(Exception):
    """Too many pieces of work of this caller are waiting."""


class _Waiting(NamedTuple):
    turn: asyncio.Future[None]
    most_running: int


class FairQueue(Generic[Key]):
    """Slots for the tasks of one event loop. Each caller has a line of its own, and the lines are served in turn."""

    def __init__(self, *, slots: int) -> None:
        self._free = slots
        self._lines: dict[Key, deque[_Waiting]] = {}
        self._running = Counter[Key]()

    @asynccontextmanager
    async def turn(self, key: Key, *, most_running: int, most_waiting: int) -> AsyncGenerator[None]:
        """Wait for a slot and hold it during the block. Raises QueueFull if `most_waiting` of this caller wait."""
        line = self._lines.setdefault(key, deque())
        if len(line) >= most_waiting:
            raise QueueFull
        waiting = _Waiting(asyncio.get_running_loop().create_future(), most_running)
        line.append(waiting)
        self._serve()
        try:
            await waiting.turn
            yield
        finally:
            self._leave(key, waiting)

    def _serve(self) -> None:
        """Give free slots to the lines in turn; a line that was served goes to the end."""
        served = True
        while self._free and served:
            served = False
            for key in tuple(self._lines):
                if self._free and self._running[key] < self._lines[key][0].most_running:
                    self._give_slot(key)
                    served = True

    def _give_slot(self, key: Key) -> None:
        line = self._lines.pop(key)
        line.popleft().turn.set_result(None)
        if line:
            self._lines[key] = line
        self._free -= 1
        self._running[key] += 1

    def _leave(self, key: Key, waiting: _Waiting) -> None:
        if waiting.turn.done() and not waiting.turn.cancelled():
            self._free += 1
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]
        elif line := self._lines.get(key):
            line.remove(waiting)
            if not line:
                del self._lines[key]
        self._serve()
