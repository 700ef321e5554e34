"""The backend of one test process: a database, PostgREST, the gateway, and functions on demand."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local.parts.functions import NAMES, Project
from local.parts.gateway import Gateway
from local.parts.postgres import Server
from local.parts.postgrest import postgrest_part
from local.parts.supabase_api import Developer
from local.processes.leftovers import end_marked
from local.processes.process import Process
from local.programs import base_environment
from local.stack.keys import Keys
from local.stack.ports import USUAL_PORTS, PortClaim, claim_free_port
from tests.support.functions import FunctionProcess
from tests.support.postgres.cluster import Access, clone_template
from tests.support.supabase_api import SupabaseApiProcess

# In tests, functions use short periods: what takes a minute in production takes seconds.
SHORT_PERIODS: Mapping[str, str] = {
    "LEASE_TTL_SECONDS": "3",
    "DISPATCH_TTL_SECONDS": "2",
    # The tests of these limits set their own.
    "MAX_STARTS_PER_MINUTE": "100000",
    "MAX_PROBES_PER_MINUTE": "100000",
}


@dataclass(frozen=True, kw_only=True)
class Backend:
    """Ports and secrets are chosen on creation, so that settings can be read; processes start later."""

    name: str
    access: Access
    keys: Keys = field(default_factory=Keys.generate)
    claims: Mapping[str, PortClaim] = field(
        default_factory=lambda: {name: claim_free_port() for name in USUAL_PORTS}
    )
    processes: list[Process] = field(default_factory=list[Process])

    @property
    def server(self) -> Server:
        """The run's Postgres."""
        return self.access.server()

    @property
    def database(self) -> str:
        """The database of this test process."""
        return f"editai_{self.name}"

    @property
    def directory(self) -> Path:
        """The files of this test process."""
        return Path(self.access.directory) / self.name

    @property
    def storage(self) -> Path:
        """Where the functions store files."""
        return self.directory / "storage"

    @property
    def gateway(self) -> Gateway:
        """The Supabase project of this test process."""
        return Gateway(
            port=self.claims["gateway"].number,
            postgrest_port=self.claims["postgrest"].number,
            edge_port=self.claims["edge"].number,
            supabase_api_port=self.claims["supabase_api"].number,
            anon_key=self.keys.api_key("anon"),
            service_role_key=self.keys.api_key("service_role"),
            home=self.directory / "gateway",
        )

    @property
    def project(self) -> Project:
        """The project's settings for functions in this process and in other processes."""
        return Project(
            supabase_url=self.gateway.url,
            service_role_key=self.gateway.service_role_key,
            jwt_secret=self.keys.jwt_secret,
            internal_secret=self.keys.internal_secret,
            storage_directory=self.storage,
            library_port=self.claims["library"].number,
            worker_port=self.claims["worker"].number,
        )

    @cached_property
    def functions(self) -> Mapping[str, FunctionProcess]:
        """The three functions as processes, not started."""
        return {
            name: FunctionProcess(
                name=name,
                port=self.claims[name].number,
                project=self.project,
                periods=SHORT_PERIODS,
                directory=self.directory,
            )
            for name in NAMES
        }

    @cached_property
    def supabase_api(self) -> SupabaseApiProcess:
        """Auth, Storage and Realtime as a process, not started."""
        return SupabaseApiProcess(
            port=self.claims["supabase_api"].number,
            project=self.project,
            database_url=self.server.url(database=self.database),
            developer=Developer(password=self.keys.developer_password),
            directory=self.directory,
        )

    def start(self) -> None:
        """Clones the database and starts the API in front of it."""
        self.directory.mkdir()
        self.storage.mkdir()
        clone_template(self.server, self.database)
        environment = base_environment(self.directory)
        postgrest = postgrest_part(
            port=self.claims["postgrest"].number,
            database_url=self.server.url(user="authenticator", database=self.database),
            jwt_secret=self.keys.jwt_secret,
            log=self.directory / "postgrest.log",
            environment=environment,
        )
        for part in (postgrest, self.gateway.part(self.directory / "gateway.log", environment)):
            self.processes.append(Process(part))
        for process in self.processes:
            process.wait_ready()

    def stop(self) -> None:
        """Stops every process of this test process."""
        for function in self.functions.values():
            function.stop()
        self.supabase_api.stop()
        for process in reversed(self.processes):
            process.stop()
        end_marked(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)
