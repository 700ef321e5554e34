"""The stack of a run: each part is a process that can be broken and started again separately."""

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psycopg

from local.processes.leftovers import adopt_orphans, end_marked, reap_orphans
from local.processes.process import Process
from local.schema.migrations import migrate
from local.stack.directory import SupervisorLock
from tests.faults.pacing import pause
from tests.faults.stack.layout import DATABASE, PREFIX, Layout

STALE_SECONDS = 60


@dataclass(kw_only=True)
class FaultStack(Layout):
    """`start` starts the parts in order, `stop` removes them and all files of the run."""

    processes: dict[str, Process] = field(default_factory=dict[str, Process])

    @cached_property
    def _lock(self) -> SupervisorLock:
        """Held for the lifetime of this object: a run that starts removes the directories of runs that hold no lock."""
        return SupervisorLock(self.directory / "lock")

    async def start(self, prepare: str) -> None:
        """Start everything; `prepare` is SQL for the migrated database."""
        _remove_stale_directories()
        adopt_orphans()
        self.claim_directory()
        for folder in (self.storage, self.work_directory):
            folder.mkdir()
        self.server.create_data()
        await self.start_part("postgres")
        self._create_database(prepare)
        await self.proxy.start()
        await self.deliveries.start()
        names = ["postgrest", "gateway", *self.function_names]
        for name in names:
            self.processes[name] = Process(self.part(name))
        for name in names:
            await self.until_ready(name)

    def claim_directory(self) -> None:
        """Let Postgres's user pass through the directory, and show other runs that this one is alive."""
        self.directory.chmod(0o711)
        self._lock.acquire()

    async def start_part(self, name: str) -> None:
        """Start a part that is down, and wait until it is ready."""
        # An hour of kills leaves a thousand dead children of parts, which every look at the processes reads.
        reap_orphans({process.pid for process in self.processes.values()})
        self.processes[name] = Process(self.part(name))
        await self.until_ready(name)

    async def until_ready(self, name: str, timeout_seconds: float = 60) -> None:
        """Wait until a part is ready; restart it if it exits, as a cloud does."""
        deadline = time.monotonic() + timeout_seconds
        while not await asyncio.to_thread(self.processes[name].part.is_ready):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not come up; see {self.processes[name].part.log}")
            if self.processes[name].has_exited():
                self.processes[name] = Process(self.part(name))
            await pause(0.1)

    async def stop(self) -> None:
        """Stop every process and remove every file of the run."""
        await self.proxy.stop()
        await self.deliveries.stop()
        postgres = self.processes.pop("postgres", None)
        for process in reversed(self.processes.values()):
            process.kill()
        if postgres:
            # Not killed: a killed Postgres leaves its shared memory to be removed by the next start, and there is none.
            postgres.stop()
        end_marked(self.directory)
        for claim in self.claims.values():
            claim.release()
        shutil.rmtree(self.directory, ignore_errors=True)

    def execute(self, statement: str) -> None:
        """Run SQL as the superuser."""
        with psycopg.connect(self.admin_url, connect_timeout=5) as connection:
            connection.execute(statement.encode())

    def _create_database(self, prepare: str) -> None:
        self.server.bootstrap()
        url = self.server.url(user="supabase_admin")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"create database {DATABASE} owner postgres".encode())
        self.server.bootstrap(DATABASE)
        migrate(self.server.url(database=DATABASE), say=lambda _line: None)
        with psycopg.connect(self.server.url(database=DATABASE)) as connection:
            connection.execute(prepare.encode())


def _remove_stale_directories() -> None:
    """Removes the directories that killed runs have left."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        old = time.time() - directory.stat().st_mtime > STALE_SECONDS
        if old and SupervisorLock(directory / "lock").holder() is None:
            shutil.rmtree(directory, ignore_errors=True)
