"""The parts of a run before they are started: their ports, settings and files, and the proxies between them."""

import random
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from local.parts.functions import Project, function_part
from local.parts.gateway import Gateway
from local.parts.postgres import Server
from local.parts.postgrest import postgrest_part
from local.processes.process import Part
from local.programs import CHECKOUT, base_environment
from local.stack.keys import Keys
from local.stack.ports import PortClaim, claim_free_port
from tests.faults.evidence.server_log import LINE_PREFIX
from tests.faults.injection.clock import HostClocks
from tests.faults.injection.proxy import Line, Proxy, spread

PREFIX = "editai-faults-"
DATABASE = "faults"

# A commit reaches the kernel before its response, so it survives every crash of Postgres, though not of the machine.
# The time of each commit is part of the history: until then, other transactions correctly see the previous state.
CRASH_SAFE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "track_commit_timestamp": "on",
    "log_line_prefix": LINE_PREFIX,
}

LEASE_TTL_SECONDS = 2.0
DISPATCH_TTL_SECONDS = 1.0
CLEANUP_PERIOD_SECONDS = 0.5
REFUSAL_RATE = 0.01
"""The gateway is in hosted mode (see local.parts.hosted) all the time, also while the load drains."""
QUICK = CHECKOUT / "tests" / "faults" / "load" / "quick_worker" / "main.py"
SLOTS = 12


@dataclass(kw_only=True)
class Layout:
    """Ports and secrets are chosen on first use, and then stay."""

    seed: int
    workers: int
    with_media: bool
    with_library: bool = True
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix=PREFIX)))
    keys: Keys = field(default_factory=Keys.generate)
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    claims: dict[str, PortClaim] = field(default_factory=dict[str, PortClaim])
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
        """Where quick workers and clients record responses."""
        return self.directory / "history.jsonl"

    @property
    def video(self) -> Path:
        """The video of every source, and of every clip that quick workers make."""
        return self.directory / "tiny.mp4"

    @property
    def storage(self) -> Path:
        """Where the functions store files."""
        return self.directory / "storage"

    @property
    def work_directory(self) -> Path:
        """Where the workers keep the files of a running attempt."""
        return self.directory / "work"

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
            supabase_api_port=self.port("supabase_api"),
            anon_key=self.keys.api_key("anon"),
            service_role_key=self.keys.api_key("service_role"),
            home=self.directory / "gateway",
            refusal_rate=REFUSAL_RATE,
        )

    @cached_property
    def project(self) -> Project:
        """The functions' settings: the gateway is behind the faulty line, and the worker's URL leads to any worker."""
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
                # All projects belong to one user.
                "MAX_ACTIVE_JOBS_PER_USER": "1000000",
                "MAX_STARTS_PER_MINUTE": "1000000",
                "MAX_PROBES_PER_MINUTE": "1000000",
                "MAX_PROJECTS_PER_USER": "1000000",
                "HISTORY_FILE": str(self.history_file),
                "RUN_VIDEO": str(self.video),
                "RUN_SEED": str(self.seed),
            },
        )

    @cached_property
    def clocks(self) -> HostClocks:
        """Moves the wall clocks of function processes."""
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
        """Stands for the URL of a cloud's worker function: distributes deliveries over the workers."""
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
        """A function's own URL, past the proxies."""
        return f"http://127.0.0.1:{self.port(name)}"

    def log(self, name: str) -> Path:
        """A part's output."""
        return self.directory / f"{name}.log"

    def part(self, name: str) -> Part:
        log = self.log(name)
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
        return replace(part, name=name, command=command)
