"""All edge functions in a process of their own, started when a test asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from local.files import tail
from local.parts.edge import edge_part
from local.processes.process import Process
from local.programs import base_environment
from tests.support.backend import Backend


@dataclass(kw_only=True)
class EdgeProcess:
    """Left running for the tests after the one that started it, with the same settings."""

    backend: Backend
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    process: Process | None = None

    @property
    def url(self) -> str:
        """Where the functions answer, behind the gateway."""
        return f"{self.backend.gateway.url}/functions/v1/"

    @property
    def pid(self) -> int:
        """The pid of the running process."""
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        """The end of what the functions have printed."""
        return tail(self.backend.directory / "edge.log", 200)

    def start(self, **settings: str) -> None:
        """Starts the functions unless they run with just these settings."""
        if self._runs() and settings == self.settings:
            return
        self.stop()
        backend = self.backend
        self.settings = settings
        self.process = Process(
            edge_part(
                port=backend.claims["edge"].number,
                project=replace(backend.project, overrides=settings),
                cache=backend.directory / "deno",
                log=backend.directory / "edge.log",
                environment=base_environment(backend.directory),
            )
        )
        self.process.wait_ready()

    def stop(self) -> None:
        """Stops the functions."""
        if self.process is not None:
            self.process.stop(timeout_seconds=3)

    def _runs(self) -> bool:
        return self.process is not None and not self.process.has_exited()
