"""Kills and stops parts of a stack: one fault at a time per part, and only parts that are up."""

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from dataclasses import dataclass, field

from local.processes.process import Process
from tests.faults.injection.did_not_happen import DidNotHappen
from tests.faults.pacing import pause
from tests.faults.stack.stack import FaultStack

SHUTDOWN_SECONDS = 5
GRACE_SECONDS = 10
"""What Cloud Run gives an instance between SIGTERM and SIGKILL."""


@dataclass(kw_only=True)
class Parts:
    """Takes parts down and starts them again.

    Two kinds of faults may choose the same part: the second waits until the first has repaired it, because two starts
    of one part would compete for its port.
    """

    stack: FaultStack
    chance: random.Random
    _locks: dict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict[str, asyncio.Lock](asyncio.Lock)
    )

    async def kill(self, name: str) -> None:
        """Kill a part and start it again a moment later. Raises DidNotHappen if it is already down."""
        async with self._locks[name]:
            self._alive(name).kill()
            await self._start_again(name, within_seconds=0.5)

    async def tell_to_end(self, name: str) -> None:
        """Send a function SIGTERM and start it again once it has ended.

        Raises DidNotHappen if it is down, or was killed because it took too long, as a library with slow requests may.
        """
        async with self._locks[name]:
            process = self._alive(name)
            sent_at = time.monotonic()
            process.request_stop()
            await asyncio.to_thread(process.wait_stopped, GRACE_SECONDS)
            killed = time.monotonic() - sent_at > GRACE_SECONDS
            await self._start_again(name, within_seconds=0.5)
        if killed:
            raise DidNotHappen(f"it did not end within {GRACE_SECONDS} s")

    async def crash_postgres(self) -> None:
        """Kill Postgres; in half of the cases after an immediate shutdown was requested."""
        async with self._locks["postgres"]:
            process = self._alive("postgres")
            if self.chance.random() < 0.5:
                os.kill(process.pid, signal.SIGQUIT)
                await asyncio.to_thread(process.wait_stopped, SHUTDOWN_SECONDS)
            process.kill()
            await self._start_again("postgres", within_seconds=1.0)

    async def stop(self, name: str, for_seconds: float) -> None:
        """Suspend a part's processes and resume them. Raises DidNotHappen if it is down or goes down meanwhile."""
        async with self._locks[name]:
            process = self._alive(name)
            os.killpg(process.pid, signal.SIGSTOP)
            try:
                await pause(for_seconds)
            finally:
                if not process.has_exited():
                    os.killpg(process.pid, signal.SIGCONT)
            self._alive(name)

    def _alive(self, name: str) -> Process:
        process = self.stack.processes[name]
        if process.has_exited():
            raise DidNotHappen(f"{name} is down")
        return process

    async def _start_again(self, name: str, *, within_seconds: float) -> None:
        await pause(self.chance.uniform(0, within_seconds))
        await self.stack.start_part(name)
