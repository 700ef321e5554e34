"""The statements that turn one database into another, by the Supabase CLI's diff engine."""

import os
import subprocess
import tempfile
from pathlib import Path

import pglast

from local.programs import SUPABASE_CLI


class DiffFailed(Exception):
    """The Supabase CLI could not compare two databases; the message is what it said."""


def statements_between(from_url: str, to_url: str) -> list[str]:
    """The statements, in an order in which they apply; the engine is pg-delta, which the CLI carries.

    With two URLs the CLI needs neither Docker nor a project. It keeps nothing between runs: its home is temporary.
    """
    with tempfile.TemporaryDirectory() as home:
        output = Path(home) / "diff.sql"
        command = [str(SUPABASE_CLI), "db", "diff", "--from", from_url, "--to", to_url]
        command += ["--output", str(output), "--strict-coverage", "--agent=no", f"--workdir={home}"]
        result = subprocess.run(
            command, check=False, capture_output=True, text=True, env=_environment(home)
        )
        if result.returncode or not output.exists():
            raise DiffFailed(result.stdout + result.stderr)
        return list(pglast.split(output.read_text()))


def _environment(home: str) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": home,
        "SUPABASE_HOME": home,
        "SUPABASE_NO_UPDATE_NOTIFIER": "1",
        "SUPABASE_TELEMETRY_DISABLED": "1",
    }
