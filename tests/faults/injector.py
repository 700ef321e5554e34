"""The faults of a run, one after another at random: each kind once a round, in another order each time."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from resource import RLIMIT_FSIZE, prlimit
from uuid import uuid4

import httpx
import psutil
import psycopg

from tests.faults.load import Load
from tests.faults.pacing import pause
from tests.faults.stack import LEASE_TTL_SECONDS, FaultStack

CLOCK_JUMP_SECONDS = 300
FULL_DISK_BYTES = 4096
HARMLESS_TO_CLEANUP = (
    "worker killed",
    "library killed",
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
    """Breaks a stack and mends it. `counts` are the faults that happened, by kind."""

    stack: FaultStack
    load: Load
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter[str])
    spans: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """When what reclaims leases was broken, on the monotonic clock."""

    @property
    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Every kind of fault that this stack allows."""
        kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "worker killed": self._kill_worker,
            "worker stopped past its lease": self._stop_worker,
            "Postgres crashed": self._crash_postgres,
            "PostgREST killed": lambda: self._kill("postgrest"),
            "line cut": self._cut_line,
            "line delayed": self._delay_line,
            "responses dropped after the commit": self._drop_responses,
            "delivered twice": self._deliver_twice,
            "delivered late": self._deliver_late,
            "cleanup killed": lambda: self._kill("lease_cleanup"),
            "cleanup several at once": self._clean_up_at_once,
            "storage writes failing": self._break_storage,
            "work directory gone": self._lose_work_directory,
            "slow commits": self._slow_commits,
            "lease rows locked": self._lock_rows,
            "host clock jumped": self._jump_clock,
        }
        if self.load.with_library:
            kinds["library killed"] = lambda: self._kill("library")
        if self.stack.with_media:
            kinds["ffmpeg killed"] = self._kill_ffmpeg
            kinds["work directory full"] = self._fill_disk
        return kinds

    async def run(self, stopping: asyncio.Event, *, pace_seconds: float) -> None:
        """Inject until stopped, on average one fault each `pace_seconds`; two may overlap."""
        running: set[asyncio.Task[None]] = set()
        while not stopping.is_set():
            names = list(self.kinds)
            self.chance.shuffle(names)
            for name in names:
                with suppress(TimeoutError):
                    wait = self.chance.uniform(0, 2 * pace_seconds)
                    await asyncio.wait_for(stopping.wait(), wait)
                if stopping.is_set():
                    break
                running.add(asyncio.create_task(self.inject(name)))
        await asyncio.gather(*running)

    async def inject(self, name: str) -> None:
        """Bring one fault about, and mend what does not mend itself."""
        begun_at = time.monotonic()
        try:
            await self.kinds[name]()
        except (psycopg.Error, httpx.HTTPError, psutil.NoSuchProcess, ProcessLookupError):
            return  # another fault came in between
        finally:
            if name not in HARMLESS_TO_CLEANUP:
                self.spans.append((begun_at, time.monotonic()))
        self.counts[name] += 1

    def was_quiet(self, begun_at: float, ended_at: float) -> bool:
        """Tell whether nothing kept cleanup from reclaiming leases in a stretch of time."""
        return not any(begun <= ended_at and ended >= begun_at for begun, ended in self.spans)

    async def mend(self) -> None:
        """Leave nothing broken: every part up, the line clear, every clock right."""
        line = self.stack.line
        line.cut = line.delay = line.drop = 0.0
        for name, process in list(self.stack.processes.items()):
            if process.has_exited():
                await self.stack.start_part(name)
            await self.stack.until_ready(name)
        self.stack.execute("update editai_audit.slowness set probability = 0")
        for name in self.stack.function_names:
            self.stack.clocks.move(name, 0)

    async def _kill(self, name: str) -> None:
        self.stack.processes[name].kill()
        await pause(self.chance.uniform(0, 0.5))
        await self.stack.start_part(name)

    async def _kill_worker(self) -> None:
        await self._kill(self.chance.choice(self.stack.worker_names))

    async def _stop_worker(self) -> None:
        """A zombie: it wakes up with a lease that has been someone else's for a while."""
        pid = self.stack.processes[self.chance.choice(self.stack.worker_names)].pid
        os.killpg(pid, signal.SIGSTOP)
        await pause(LEASE_TTL_SECONDS * self.chance.uniform(1.0, 2.0))
        os.killpg(pid, signal.SIGCONT)

    async def _crash_postgres(self) -> None:
        process = self.stack.processes["postgres"]
        if self.chance.random() < 0.5:
            os.kill(process.pid, signal.SIGQUIT)  # an immediate shutdown
            process.wait_stopped(5)
        process.kill()
        await pause(self.chance.uniform(0, 1.0))
        await self.stack.start_part("postgres")

    async def _cut_line(self) -> None:
        await self._worsen("cut", self.chance.uniform(0.2, 0.8))

    async def _delay_line(self) -> None:
        """Shortly, or for longer than a caller waits: what it asked for is done after it has given up."""
        self.stack.line.longest_delay_seconds = self.chance.choice((0.3, 3.0))
        await self._worsen("delay", self.chance.uniform(0.2, 0.6))

    async def _drop_responses(self) -> None:
        await self._worsen("drop", self.chance.uniform(0.2, 0.8))

    async def _worsen(self, fault: str, probability: float) -> None:
        setattr(self.stack.line, fault, probability)
        await pause(self.chance.uniform(0.5, 1.5))
        setattr(self.stack.line, fault, 0.0)

    async def _deliver_twice(self) -> None:
        jobs = self.load.recent_jobs[-5:]
        await asyncio.gather(*(self._deliver(job) for job in jobs for _ in range(2)))

    async def _deliver_late(self) -> None:
        jobs = self.chance.sample(self.load.recent_jobs, min(5, len(self.load.recent_jobs)))
        await asyncio.gather(*(self._deliver(job) for job in [*jobs, str(uuid4())]))

    async def _deliver(self, job_id: str) -> None:
        url = self.stack.url(self.chance.choice(self.stack.worker_names))
        await self._post(url, json={"job_id": job_id})

    async def _clean_up_at_once(self) -> None:
        url = self.stack.url("lease_cleanup")
        await asyncio.gather(*(self._post(url, json=None) for _ in range(5)))

    async def _post(self, url: str, *, json: dict[str, str] | None) -> None:
        headers = {
            "Authorization": f"Bearer {self.stack.keys.internal_secret}",
            "Prefer": "respond-async",
        }
        async with httpx.AsyncClient(timeout=10) as client:
            await client.post(url, json=json, headers=headers)

    async def _break_storage(self) -> None:
        """A file where storage stages its writes: every write fails until it is gone."""
        await self._replace_by_file(self.stack.storage / ".staging", for_seconds=0.5)

    async def _lose_work_directory(self) -> None:
        await self._replace_by_file(self.stack.work_directory, for_seconds=0.3)

    async def _replace_by_file(self, folder: Path, *, for_seconds: float) -> None:
        aside = folder.with_name(f"{folder.name}-aside-{uuid4().hex}")
        _swap(folder, aside)
        await pause(for_seconds)
        _swap_back(folder, aside)

    async def _fill_disk(self) -> None:
        """No file of the media worker, or of an ffmpeg that it starts, grows any more."""
        await self._limit_files(FULL_DISK_BYTES)
        await pause(self.chance.uniform(1.0, 3.0))
        await self._limit_files(-1)

    async def _limit_files(self, size: int) -> None:
        for process in self._family("media-worker"):
            prlimit(process.pid, RLIMIT_FSIZE, (size, -1))

    async def _kill_ffmpeg(self) -> None:
        """The one that runs, or the next one to run for a while."""
        for _ in range(100):
            for process in self._family("media-worker"):
                if process.name().startswith("ffmpeg"):
                    process.kill()
                    return
            await pause(0.05)
        raise ProcessLookupError

    def _family(self, name: str) -> list[psutil.Process]:
        process = psutil.Process(self.stack.processes[name].pid)
        return [process, *process.children(recursive=True)]

    async def _slow_commits(self) -> None:
        self.stack.execute("update editai_audit.slowness set probability = 0.3, seconds = 1.6")
        await pause(1.5)
        self.stack.execute("update editai_audit.slowness set probability = 0")

    async def _lock_rows(self) -> None:
        """Someone holds the rows of live leases for about as long as a call waits, and changes nothing."""
        seconds = self.chance.uniform(1.0, 1.9)
        await asyncio.to_thread(self._hold_rows, seconds)

    def _hold_rows(self, seconds: float) -> None:
        with psycopg.connect(self.stack.admin_url, connect_timeout=5) as connection:
            connection.execute(
                "select 1 from editai_locks where expires_at > now() limit 15 for update skip locked"
            )
            connection.execute("select pg_sleep(%s)", [seconds])
            connection.rollback()

    async def _jump_clock(self) -> None:
        name = self.chance.choice(self.stack.function_names)
        jump = self.chance.choice((-CLOCK_JUMP_SECONDS, CLOCK_JUMP_SECONDS))
        self.stack.clocks.move(name, jump)
        await pause(self.chance.uniform(1, 3))
        self.stack.clocks.move(name, 0)


def _swap(folder: Path, aside: Path) -> None:
    folder.mkdir(exist_ok=True)
    folder.rename(aside)
    folder.touch()


def _swap_back(folder: Path, aside: Path) -> None:
    folder.unlink()
    aside.rename(folder)
