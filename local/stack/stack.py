"""The parts of a stack, how they are connected, and the description that callers get."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.parts.edge import edge_part
from local.parts.functions import (
    LIBRARY_BASE_PATH,
    NAMES,
    Project,
    function_part,
    settings_of_caller,
)
from local.parts.gateway import Gateway
from local.parts.postgres import Server
from local.parts.postgrest import postgrest_part
from local.parts.supabase_api import Developer, supabase_api_part
from local.processes.process import Part
from local.programs import base_environment
from local.stack.directory import StackDirectory
from local.stack.keys import Keys

CLEANUP_PERIOD_SECONDS = 5
DISPATCH_TTL_SECONDS = 10
"""Both are shorter than in a deployment (60 and 300), which dispatches through Cloud Tasks. Here, only cleanup
dispatches a job again after it found all slots of the worker taken. A queued job holds its project in both."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The parts of a stack, which are not running yet."""

    directory: StackDirectory
    keys: Keys
    ports: Mapping[str, int]
    cleanup_period_seconds: float

    @classmethod
    def plan(cls, directory: StackDirectory, ports: Mapping[str, int]) -> "Stack":
        """Plans a stack. CLEANUP_PERIOD sets the scheduler's period in seconds."""
        period = float(os.environ.get("CLEANUP_PERIOD", CLEANUP_PERIOD_SECONDS))
        keys = Keys.load_or_generate(directory.keys_file)
        return cls(directory=directory, keys=keys, ports=ports, cleanup_period_seconds=period)

    @property
    def server(self) -> Server:
        """The database server."""
        return Server(
            directory=self.directory.database,
            port=self.ports["postgres"],
            admin_password=self.keys.admin_password,
            postgres_password=self.keys.postgres_password,
            authenticator_password=self.keys.authenticator_password,
        )

    @property
    def gateway(self) -> Gateway:
        """The gateway, which serves the Supabase project's URL."""
        return Gateway(
            port=self.ports["gateway"],
            postgrest_port=self.ports["postgrest"],
            edge_port=self.ports["edge"],
            supabase_api_port=self.ports["supabase_api"],
            anon_key=self.keys.api_key("anon"),
            service_role_key=self.keys.api_key("service_role"),
            home=self.directory.path / "gateway",
        )

    @property
    def project(self) -> Project:
        """The project's settings for the functions."""
        return Project(
            supabase_url=self.gateway.url,
            service_role_key=self.gateway.service_role_key,
            jwt_secret=self.keys.jwt_secret,
            internal_secret=self.keys.internal_secret,
            storage_directory=self.directory.storage,
            library_port=self.ports["library"],
            worker_port=self.ports["worker"],
            # The caller's environment takes precedence.
            overrides={"DISPATCH_TTL_SECONDS": str(DISPATCH_TTL_SECONDS), **settings_of_caller()},
        )

    @property
    def developer(self) -> Developer:
        """The user with whom a page signs in."""
        return Developer(password=self.keys.developer_password)

    def database_part(self) -> Part:
        """Postgres, which every other part needs."""
        return self.server.part(self.directory.log("postgres"), self._environment())

    def api_parts(self) -> Sequence[Part]:
        """PostgREST and the gateway in front of it."""
        postgrest = postgrest_part(
            port=self.ports["postgrest"],
            database_url=self.server.url(user="authenticator"),
            jwt_secret=self.keys.jwt_secret,
            log=self.directory.log("postgrest"),
            environment=self._environment(),
        )
        return [postgrest, self.gateway.part(self.directory.log("gateway"), self._environment())]

    def function_parts(self) -> Sequence[Part]:
        """The three functions, the edge functions, and what else a Supabase project serves."""
        functions = [
            function_part(
                name,
                port=self.ports[name],
                project=self.project,
                log=self.directory.log(name),
                environment=self._environment(),
            )
            for name in NAMES
        ]
        return [*functions, self._edge_part(), self._supabase_api_part()]

    def _edge_part(self) -> Part:
        return edge_part(
            port=self.ports["edge"],
            project=self.project,
            cache=self.directory.path / "deno",
            log=self.directory.log("edge"),
            environment=self._environment(),
        )

    def _supabase_api_part(self) -> Part:
        return supabase_api_part(
            port=self.ports["supabase_api"],
            project=self.project,
            database_url=self.server.url(),
            developer=self.developer,
            log=self.directory.log("supabase_api"),
            environment=self._environment(),
        )

    def scheduler_part(self) -> Part:
        """The scheduler, which triggers cleanup."""
        return Part(
            name="scheduler",
            command=[sys.executable, "-m", "local.parts.scheduler"],
            log=self.directory.log("scheduler"),
            is_ready=lambda: True,
            environment={
                **self._environment(),
                "CLEANUP_URL": self._url("lease_cleanup"),
                "CLEANUP_PERIOD": str(self.cleanup_period_seconds),
                "INTERNAL_SECRET": self.keys.internal_secret,
            },
        )

    def description(self, pids: Mapping[str, int]) -> dict[str, Any]:
        """The content of stack.json."""
        return {
            "library_url": self.project.library_url,
            "worker_url": self._url("worker"),
            "lease_cleanup_url": self._url("lease_cleanup"),
            "supabase_url": self.gateway.url,
            "db_url": self.server.url(),
            "anon_key": self.gateway.anon_key,
            "service_role_key": self.gateway.service_role_key,
            "jwt_secret": self.keys.jwt_secret,
            "jwt_issuer": self.project.jwt_issuer,
            "developer_email": self.developer.email,
            "developer_password": self.developer.password,
            "studio_url": self.project.library_url.removesuffix(LIBRARY_BASE_PATH),
            "internal_secret": self.keys.internal_secret,
            "pids": dict(pids),
        }

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def _environment(self) -> Mapping[str, str]:
        return base_environment(self.directory.path)
