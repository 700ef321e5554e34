"""A function in a process of its own, which a test may stop, kill and restart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local.files import tail
from local.parts.functions import LIBRARY_BASE_PATH, Project, function_part
from local.processes.process import Process
from local.programs import base_environment
from tests.support.log import Log


@dataclass(kw_only=True)
class FunctionProcess:
    """Started when a test needs it, and left running for later tests."""

    name: str
    port: int
    project: Project
    periods: Mapping[str, str]
    directory: Path
    source: Path | None = None
    process: Process | None = None

    @property
    def url(self) -> str:
        """The function's URL; the library's includes its base path."""
        base = LIBRARY_BASE_PATH if self.name == "library" else ""
        return f"http://127.0.0.1:{self.port}{base}"

    @property
    def pid(self) -> int:
        """The pid of the running process, which is also its process group."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    @property
    def log(self) -> str:
        """The end of the function's output."""
        return tail(self._log_file, 200)

    def watch_log(self) -> Log:
        """The function's output from now on."""
        return Log(self._log_file)

    def start(self, **settings: str) -> None:
        """Starts the function unless it runs. With settings, restarts it with these."""
        if self.process is not None and not self.process.has_exited():
            if not settings:
                return
            self.stop()
        overrides = {**self.periods, **settings}
        part = function_part(
            self.name,
            port=self.port,
            project=replace(self.project, overrides=overrides),
            log=self._log_file,
            environment=base_environment(self.directory),
            source=self.source,
        )
        self.process = Process(part)
        self.process.wait_ready()

    def restart(self, **settings: str) -> None:
        """Stops the function gracefully and starts it again."""
        self.stop()
        self.start(**settings)

    def kill(self) -> None:
        """Kills the function with SIGKILL, as if its machine were lost."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        """Stops the function gracefully; kills it if that takes too long."""
        if self.process is not None:
            self.process.stop(timeout_seconds=3)

    @property
    def _log_file(self) -> Path:
        return self.directory / f"{self.name}.log"
