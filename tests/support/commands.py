"""The command line of the local stack, for tests."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.processes.leftovers import marked
from local.programs import CHECKOUT


@dataclass(frozen=True, kw_only=True)
class LocalStack:
    """A stack in its own directory, on free ports that stack.json lists."""

    directory: Path

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Runs `python -m local` for this directory."""
        arguments = [sys.executable, "-m", "local", command, "--directory", str(self.directory)]
        return subprocess.run(
            [*arguments, *options], cwd=CHECKOUT, check=False, capture_output=True, text=True
        )

    def up(self, *options: str) -> str:
        """Starts the stack and returns the output."""
        result = self.run("up", *options)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    @property
    def description(self) -> dict[str, Any]:
        """The content of stack.json."""
        return json.loads((self.directory / "stack.json").read_text())

    @property
    def pids(self) -> dict[str, int]:
        """The processes by name."""
        return self.description["pids"]

    def running(self) -> list[int]:
        """The processes that have this stack's mark."""
        return list(marked(self.directory))

    def kill(self, name: str) -> int:
        """Kills a process with SIGKILL and returns its pid."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def api_responds(self) -> bool:
        """Whether a table can be read through the gateway and PostgREST."""
        description = self.description
        url = f"{description['supabase_url']}/rest/v1/editai_export_presets"
        try:
            response = httpx.get(url, headers={"apikey": description["service_role_key"]})
        except httpx.HTTPError:
            return False
        return response.is_success


def forked_by(pid: int) -> list[int]:
    """The children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
