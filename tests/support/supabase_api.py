"""Auth, Storage and Realtime of the local stack, in a process that a test may kill and restart."""

from dataclasses import dataclass
from pathlib import Path

from local.parts.functions import Project
from local.parts.supabase_api import Developer, supabase_api_part
from local.processes.process import Process
from local.programs import base_environment


@dataclass(kw_only=True)
class SupabaseApiProcess:
    """Started when a test needs it, and left running for later tests."""

    port: int
    project: Project
    database_url: str
    developer: Developer
    directory: Path
    process: Process | None = None

    def start(self) -> None:
        """Starts it unless it runs."""
        if self.process is not None and not self.process.has_exited():
            return
        part = supabase_api_part(
            port=self.port,
            project=self.project,
            database_url=self.database_url,
            developer=self.developer,
            log=self.directory / "supabase_api.log",
            environment=base_environment(self.directory),
        )
        self.process = Process(part)
        self.process.wait_ready()

    def kill(self) -> None:
        """Kills it with SIGKILL, as if its machine were lost."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        """Stops it gracefully."""
        if self.process is not None:
            self.process.stop(timeout_seconds=3)
