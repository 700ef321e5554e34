"""A stack for benchmarks, on free ports and in a temporary directory, so that it touches no existing data."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel


class StackInfo(BaseModel):
    """The parts of the stack file that benchmarks need."""

    library_url: str
    supabase_url: str
    postgrest_url: str
    db_url: str
    admin_password: str
    service_role_key: str
    jwt_secret: str
    jwt_issuer: str
    pids: dict[str, int]


@contextmanager
def scratch_stack(*, functions: bool) -> Generator[StackInfo]:
    """Starts a stack, with or without the functions, and removes it with its data at the end."""
    directory = Path(tempfile.mkdtemp(prefix="editai-bench-"))
    directory.chmod(0o711)
    try:
        _local("up", directory, *([] if functions else ["--database-only"]))
        stack = json.loads((directory / "stack.json").read_text())
        ports = json.loads((directory / "ports.json").read_text())
        keys = json.loads((directory / "keys.json").read_text())
        stack["admin_password"] = keys["admin_password"]
        postgrest_url = f"http://127.0.0.1:{ports['postgrest']}"
        yield StackInfo.model_validate(stack | {"postgrest_url": postgrest_url})
    finally:
        _local("down", directory)
        shutil.rmtree(directory, ignore_errors=True)


def _local(command: str, directory: Path, *options: str) -> None:
    arguments = [sys.executable, "-m", "local", command, "--directory", str(directory), *options]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
