"""Injects the faults of a run: each kind once a round, in a random order that differs each round."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

import httpx
import psutil
import psycopg

from tests.faults.injection.database_faults import DatabaseFaults
from tests.faults.injection.deliveries import Deliveries
from tests.faults.injection.did_not_happen import DidNotHappen
from tests.faults.injection.folders import Folders
from tests.faults.injection.media_faults import MediaFaults
from tests.faults.injection.parts import Parts
from tests.faults.load.load import Load
from tests.faults.pacing import pause
from tests.faults.stack.layout import LEASE_TTL_SECONDS
from tests.faults.stack.stack import FaultStack

CLOCK_JUMP_SECONDS = 300
CLEANUPS_AT_ONCE = 5
EXPECTED = (psycopg.Error, httpx.HTTPError, psutil.Error, OSError, DidNotHappen)
"""Expected failures of a fault: it found nothing to break, or another fault interfered."""
HARMLESS_TO_CLEANUP = (
    "worker killed",
    "library killed",
    "worker told to end",
    "library told to end",
    "ffmpeg killed",
    "delivered twice",
    "delivered late",
    "host clock jumped",
    "storage writes failing",
    "work directory gone",
    "work directory full",
    "cleanup several at once",
)


@dataclass(kw_only=True)
class Injector:
    """Breaks a stack and repairs it. `counts` are the faults that happened, by kind."""

    stack: FaultStack
    load: Load
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter[str])
    not_counted: Counter[str] = field(default_factory=Counter[str])
    """The faults that did not happen, by kind and reason."""
    spans: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When something that cleanup needs was broken, on the monotonic clock."""
    folders: Folders = field(default_factory=Folders)
    _one_of_a_kind: dict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict[str, asyncio.Lock](asyncio.Lock)
    )
    """A kind never overlaps with itself: repairing the first would end the second."""

    @cached_property
    def parts(self) -> Parts:
        """Faults of whole processes."""
        return Parts(stack=self.stack, chance=self.chance)

    @cached_property
    def media(self) -> MediaFaults:
        """Faults of the worker with ffmpeg."""
        return MediaFaults(stack=self.stack)

    @cached_property
    def database(self) -> DatabaseFaults:
        """Faults inside the database."""
        return DatabaseFaults(stack=self.stack)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Unexpected deliveries."""
        return Deliveries(stack=self.stack, chance=self.chance)

    @property
    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Every kind of fault that this stack allows, by the name that the report prints."""
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "worker killed": self._kill_worker,
            "worker told to end": self._tell_worker_to_end,
            "worker stopped past its lease": self._stop_worker,
            "Postgres crashed": self.parts.crash_postgres,
            "PostgREST killed": lambda: self.parts.kill("postgrest"),
            "line cut": self._cut_line,
            "line delayed": self._delay_line,
            "responses dropped after the commit": self._drop_responses,
            "delivered twice": lambda: self.deliveries.twice(self.load.recent_jobs),
            "delivered late": lambda: self.deliveries.late(self.load.recent_jobs),
            "cleanup killed": lambda: self.parts.kill("lease_cleanup"),
            "cleanup several at once": self._clean_up_at_once,
            "storage writes failing": self._break_storage,
            "work directory gone": self._lose_work_directory,
            "slow commits": self.database.slow_commits,
            "lease rows locked": self._lock_rows,
            "host clock jumped": self._jump_clock,
        }
        if self.load.with_library:
            kinds["library killed"] = lambda: self.parts.kill("library")
            kinds["library told to end"] = lambda: self.parts.tell_to_end("library")
        if self.stack.with_media:
            kinds["ffmpeg killed"] = self.media.kill_ffmpeg
            kinds["work directory full"] = self._fill_disk
        return kinds

    async def run(self, stopping: asyncio.Event, *, pace_seconds: float) -> None:
        """Inject until stopped, one fault each `pace_seconds` on average; two of different kinds may overlap."""
        running: set[asyncio.Task[None]] = set()
        while not stopping.is_set():
            names = list(self.kinds)
            self.chance.shuffle(names)
            for name in names:
                with suppress(TimeoutError):
                    wait = self.chance.uniform(0, 2 * pace_seconds)
                    async with asyncio.timeout(wait):
                        await stopping.wait()
                if stopping.is_set():
                    break
                running.add(asyncio.create_task(self.inject(name)))
        await asyncio.gather(*running)

    async def inject(self, name: str) -> None:
        """Inject one fault; it ends by itself or is repaired here."""
        async with self._one_of_a_kind[name]:
            begun_at = time.monotonic()
            try:
                await self.kinds[name]()
            except EXPECTED as error:
                self.not_counted[f"{name}: {_reason(error)}"] += 1
            else:
                self.counts[name] += 1
            finally:
                if name not in HARMLESS_TO_CLEANUP:
                    self.spans.append((begun_at, time.monotonic()))

    def was_quiet(self, begun_at: float, ended_at: float) -> bool:
        """True if nothing that cleanup needs was broken in this interval."""
        return not any(begun <= ended_at and ended >= begun_at for begun, ended in self.spans)

    async def repair(self) -> None:
        """Repair everything: every part up, the line without faults, every clock correct."""
        line = self.stack.line
        line.cut = line.delay = line.drop = 0.0
        self.folders.restore()
        if self.stack.with_media:
            self.media.lift()
        for name, process in list(self.stack.processes.items()):
            if process.has_exited():
                await self.stack.start_part(name)
            await self.stack.until_ready(name)
        await self.database.end_slow_commits()
        self.stack.clocks.restore(self.stack.function_names)

    async def _kill_worker(self) -> None:
        await self.parts.kill(self.chance.choice(self.stack.worker_names))

    async def _tell_worker_to_end(self) -> None:
        await self.parts.tell_to_end(self.chance.choice(self.stack.worker_names))

    async def _stop_worker(self) -> None:
        """A zombie: it resumes after its lease has expired and may belong to another worker."""
        name = self.chance.choice(self.stack.worker_names)
        await self.parts.stop(name, LEASE_TTL_SECONDS * self.chance.uniform(1.0, 2.0))

    async def _cut_line(self) -> None:
        await self._worsen("cut", self.chance.uniform(0.2, 0.8))

    async def _delay_line(self) -> None:
        """A short delay, or one longer than the caller's timeout: its request then runs after it has given up."""
        self.stack.line.longest_delay_seconds = self.chance.choice((0.3, 3.0))
        await self._worsen("delay", self.chance.uniform(0.2, 0.6))

    async def _drop_responses(self) -> None:
        await self._worsen("drop", self.chance.uniform(0.2, 0.8))

    async def _worsen(self, fault: str, probability: float) -> None:
        setattr(self.stack.line, fault, probability)
        await pause(self.chance.uniform(0.5, 1.5))
        setattr(self.stack.line, fault, 0.0)

    async def _clean_up_at_once(self) -> None:
        url = self.stack.url("lease_cleanup")
        headers = {"Authorization": f"Bearer {self.stack.keys.internal_secret}"}
        async with httpx.AsyncClient(timeout=10, headers=headers) as client:
            await asyncio.gather(*(client.post(url) for _ in range(CLEANUPS_AT_ONCE)))

    async def _break_storage(self) -> None:
        """Put a file in place of storage's staging folder, so that every write fails."""
        await self.folders.take_away(self.stack.storage / ".staging", for_seconds=0.5)

    async def _lose_work_directory(self) -> None:
        await self.folders.take_away(self.stack.work_directory, for_seconds=0.3)

    async def _fill_disk(self) -> None:
        await self.media.fill_disk(self.chance.uniform(1.0, 3.0))

    async def _lock_rows(self) -> None:
        await self.database.lock_rows(self.chance.uniform(1.0, 1.9))

    async def _jump_clock(self) -> None:
        name = self.chance.choice(self.stack.function_names)
        jump = self.chance.choice((-CLOCK_JUMP_SECONDS, CLOCK_JUMP_SECONDS))
        self.stack.clocks.move(name, jump)
        await pause(self.chance.uniform(1, 3))
        self.stack.clocks.move(name, 0)


def _reason(error: Exception) -> str:
    """The reason, without details that differ each time."""
    return str(error) if isinstance(error, DidNotHappen) else type(error).__name__
