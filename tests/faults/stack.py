"""The stack of a run: every part a process that can be broken and started again by itself."""

import asyncio
import os
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import psycopg

from local.directory import SupervisorLock
from local.functions import Project, function_part
from local.gateway import Gateway
from local.keys import Keys
from local.leftovers import adopt_orphans, end_marked
from local.migrations import migrate
from local.ports import PortClaim, claim_free_port
from local.postgres import Server
from local.postgrest import postgrest_part
from local.process import Part, Process
from local.programs import base_environment
from tests.faults.clock import HostClocks
from tests.faults.pacing import pause
from tests.faults.proxy import Line, Proxy, spread

PREFIX = "editai-faults-"
STALE_SECONDS = 60
DATABASE = "faults"

# A commit is in the kernel before it is answered, so it survives every crash of Postgres, though not of the machine.
# When a commit became visible is part of the history: until then others rightly see what was before.
CRASH_SAFE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "track_commit_timestamp": "on",
}

LEASE_TTL_SECONDS = 2.0
DISPATCH_TTL_SECONDS = 1.0
CLEANUP_PERIOD_SECONDS = 0.5
QUICK = Path(__file__).parent / "quick_worker" / "main.py"
SLOTS = 12


@dataclass(kw_only=True)
class FaultStack:
    """Ports and secrets are settled at once; `start` brings the parts up in order."""

    seed: int
    workers: int
    with_media: bool
    with_library: bool = True
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix=PREFIX)))
    keys: Keys = field(default_factory=Keys.generate)
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    claims: dict[str, PortClaim] = field(default_factory=dict[str, PortClaim])
    processes: dict[str, Process] = field(default_factory=dict[str, Process])
    line: Line = field(default_factory=Line)

    @property
    def worker_names(self) -> list[str]:
        """The worker functions, the one with ffmpeg last."""
        names = [f"worker-{number}" for number in range(self.workers)]
        return [*names, "media-worker"] if self.with_media else names

    @property
    def function_names(self) -> list[str]:
        """Every function's process."""
        library = ["library"] if self.with_library else []
        return [*library, "lease_cleanup", *self.worker_names]

    @property
    def history_file(self) -> Path:
        """Where the quick workers and the clients write down what they were told."""
        return self.directory / "history.jsonl"

    @property
    def storage(self) -> Path:
        """Where the functions store files."""
        return self.directory / "storage"

    @property
    def work_directory(self) -> Path:
        """Where the workers keep the files of a running attempt."""
        return self.directory / "work"

    @cached_property
    def _lock(self) -> SupervisorLock:
        """Held as long as this value is: another run that starts removes the directories of those that do not live."""
        return SupervisorLock(self.directory / "lock")

    @cached_property
    def server(self) -> Server:
        """Postgres."""
        password = secrets.token_urlsafe(24)
        return Server(
            directory=self.directory / "postgres",
            port=self.port("postgres"),
            admin_password=password,
            postgres_password=password,
            authenticator_password=password,
            settings=CRASH_SAFE,
        )

    @property
    def admin_url(self) -> str:
        """The database, as its superuser."""
        return self.server.url(user="supabase_admin", database=DATABASE)

    @cached_property
    def gateway(self) -> Gateway:
        """The Supabase project."""
        return Gateway(
            port=self.port("gateway"),
            postgrest_port=self.port("postgrest"),
            edge_port=self.port("edge"),
            anon_key=self.keys.api_key("anon"),
            service_role_key=self.keys.api_key("service_role"),
            home=self.directory / "gateway",
        )

    @cached_property
    def project(self) -> Project:
        """What the functions are told: a gateway behind the bad line, a worker that is any of the workers."""
        return Project(
            supabase_url=f"http://127.0.0.1:{self.port('proxy')}",
            service_role_key=self.gateway.service_role_key,
            jwt_secret=self.keys.jwt_secret,
            internal_secret=self.keys.internal_secret,
            storage_directory=self.storage,
            library_port=self.port("library"),
            worker_port=self.port("deliveries"),
            overrides={
                "LEASE_TTL_SECONDS": str(LEASE_TTL_SECONDS),
                "DISPATCH_TTL_SECONDS": str(DISPATCH_TTL_SECONDS),
                "WORKER_CONCURRENCY": str(SLOTS),
                "JOB_DEADLINE_SECONDS": "60",
                # All projects are one user's.
                "MAX_ACTIVE_JOBS_PER_USER": "1000000",
                "HISTORY_FILE": str(self.history_file),
                "RUN_SEED": str(self.seed),
            },
        )

    @cached_property
    def clocks(self) -> HostClocks:
        """What makes function processes' wall clocks jump."""
        return HostClocks(directory=self.directory)

    @cached_property
    def proxy(self) -> Proxy:
        """The line between functions and gateway."""
        chance = random.Random(self.seed)  # noqa: S311
        return Proxy(
            port=self.port("proxy"),
            target=lambda: self.gateway.port,
            line=self.line,
            random=chance,
        )

    @cached_property
    def deliveries(self) -> Proxy:
        """What stands for the address of a cloud's worker function."""
        ports = [self.port(name) for name in self.worker_names]
        weights = [0.1 if name == "media-worker" else 1.0 for name in self.worker_names]
        chance = random.Random(self.seed + 1)  # noqa: S311
        target = spread(ports, weights, chance)
        return Proxy(port=self.port("deliveries"), target=target, line=Line(), random=chance)

    def port(self, name: str) -> int:
        """A port of this stack's own."""
        if name not in self.claims:
            self.claims[name] = claim_free_port()
        return self.claims[name].number

    def url(self, name: str) -> str:
        """Where a function answers, past every proxy."""
        return f"http://127.0.0.1:{self.port(name)}"

    async def start(self, prepare: str) -> None:
        """Bring everything up; `prepare` is SQL for the migrated database."""
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
            self.processes[name] = Process(self._part(name))
        for name in names:
            await self.until_ready(name)

    def claim_directory(self) -> None:
        """Let Postgres's user pass, and other runs know that this one lives."""
        self.directory.chmod(0o711)
        self._lock.acquire()

    async def start_part(self, name: str) -> None:
        """Start a part that is down, and wait until it answers."""
        self.processes[name] = Process(self._part(name))
        await self.until_ready(name)

    async def until_ready(self, name: str, timeout_seconds: float = 60) -> None:
        """Wait until a part answers; start it again if it ends by itself, as a cloud does."""
        deadline = time.monotonic() + timeout_seconds
        while not await asyncio.to_thread(self.processes[name].part.is_ready):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not come up; see {self.processes[name].part.log}")
            if self.processes[name].has_exited():
                self.processes[name] = Process(self._part(name))
            await pause(0.1)

    async def stop(self) -> None:
        """Stop every process and remove every file of the run."""
        await self.proxy.stop()
        await self.deliveries.stop()
        postgres = self.processes.pop("postgres", None)
        for process in reversed(self.processes.values()):
            process.kill()
        if postgres:
            # In order: a Postgres that is killed leaves its shared memory to the next start, and there is none.
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

    def _part(self, name: str) -> Part:
        log = self.directory / f"{name}.log"
        environment = base_environment(self.directory)
        if name == "postgres":
            return self.server.part(log, environment)
        if name == "gateway":
            return self.gateway.part(log, environment)
        if name == "postgrest":
            return postgrest_part(
                port=self.port("postgrest"),
                database_url=self.server.url(user="authenticator", database=DATABASE),
                jwt_secret=self.keys.jwt_secret,
                log=log,
                environment=environment,
            )
        return self._function_part(name, log, environment)

    def _function_part(self, name: str, log: Path, environment: Mapping[str, str]) -> Part:
        function = "worker" if "worker" in name else name
        clock = self.clocks.environment(name)
        private = {"TMPDIR": str(self.work_directory), **clock, **self.overrides.get(name, {})}
        if name == "media-worker":
            private["WORKER_CONCURRENCY"] = "1"
        project = replace(self.project, overrides={**self.project.overrides, **private})
        part = function_part(
            function, port=self.port(name), project=project, log=log, environment=environment
        )
        if function != "worker" or name == "media-worker":
            return replace(part, name=name)
        command = [f"--source={QUICK}" if c.startswith("--source=") else c for c in part.command]
        paths = os.pathsep.join([part.environment["PYTHONPATH"], _worker_source()])
        return replace(
            part,
            name=name,
            command=command,
            environment={**part.environment, "PYTHONPATH": paths},
        )


def _worker_source() -> str:
    return str(Path(__file__).parents[2] / "functions" / "worker")


def _remove_stale_directories() -> None:
    """Removes what killed runs have left."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        old = time.time() - directory.stat().st_mtime > STALE_SECONDS
        if old and SupervisorLock(directory / "lock").holder() is None:
            shutil.rmtree(directory, ignore_errors=True)
