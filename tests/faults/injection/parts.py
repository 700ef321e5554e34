"""Parts of a stack that are killed or stopped: one fault at a time each, and only what is there to be broken."""

import asyncio
import os
import random
import signal
from collections import defaultdict
from dataclasses import dataclass, field

from local.processes.process import Process
from tests.faults.injection.happening import DidNotHappen
from tests.faults.pacing import pause
from tests.faults.stack.stack import FaultStack

SHUTDOWN_SECONDS = 5


@dataclass(kw_only=True)
class Parts:
    """Takes parts down and brings them up again.

    Two kinds of faults may choose the same part: the second waits until the first has mended it, for two starts of one
    part would compete for its port.
    """

    stack: FaultStack
    chance: random.Random
    _locks: dict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict[str, asyncio.Lock](asyncio.Lock)
    )

    async def kill(self, name: str) -> None:
        """Kill a part and start it again a moment later. Raises DidNotHappen when it was down already."""
        async with self._locks[name]:
            self._alive(name).kill()
            await self._start_again(name, within_seconds=0.5)

    async def crash_postgres(self) -> None:
        """Kill Postgres, half of the times in the middle of an immediate shutdown."""
        async with self._locks["postgres"]:
            process = self._alive("postgres")
            if self.chance.random() < 0.5:
                os.kill(process.pid, signal.SIGQUIT)
                await asyncio.to_thread(process.wait_stopped, SHUTDOWN_SECONDS)
            process.kill()
            await self._start_again("postgres", within_seconds=1.0)

    async def stop(self, name: str, for_seconds: float) -> None:
        """Stop a part's processes and let them go on. Raises DidNotHappen when it was down or went down meanwhile."""
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
