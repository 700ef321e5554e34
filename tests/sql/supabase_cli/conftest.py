"""The Supabase CLI, without access to the network and to its user's settings."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from local.programs import CHECKOUT, SUPABASE_CLI
from tests.support.backend import Backend
from tests.support.database import Connection


@dataclass(frozen=True, kw_only=True)
class SupabaseCli:
    """Runs commands of the CLI on a folder that has `supabase/` in it."""

    home: Path
    folder: Path

    @classmethod
    def on_a_copy(cls, home: Path) -> "SupabaseCli":
        """The CLI on a copy of this repository's `supabase` folder, into which it may write."""
        folder = home / "project"
        folder.mkdir()
        copy = ["cp", "-r", CHECKOUT / "supabase", folder]
        subprocess.run(copy, check=True)
        return cls(home=home, folder=folder)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command, and returns how it ended and what it printed."""
        return subprocess.run(
            [SUPABASE_CLI, *arguments, "--workdir", self.folder, "--agent=no", "--yes"],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={
                "HOME": str(self.home),
                "SUPABASE_HOME": str(self.home / ".supabase"),
                "SUPABASE_NO_UPDATE_NOTIFIER": "1",
                "SUPABASE_TELEMETRY_DISABLED": "1",
            },
        )

    def findings(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command that looks for faults has found."""
        result = self.run(*arguments, "--fail-on=none", "--output-format=json")
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)["results"]

    def push(self, db_url: str) -> str:
        """Applies the migrations that a database lacks, and returns what that printed."""
        result = self.run("db", "push", f"--remote={db_url}")
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr


@pytest.fixture
def cli(tmp_path: Path) -> SupabaseCli:
    """The CLI with a home and a project folder of its own."""
    return SupabaseCli.on_a_copy(tmp_path)


EmptyDatabase = Callable[[str], str]


@pytest.fixture
def empty_database(fresh_state: Backend, admin: Connection) -> EmptyDatabase:
    """Makes a database as a new Supabase project has it, and returns its URL; this test process's own."""

    def create(kind: str) -> str:
        name = f"{fresh_state.database}_{kind}"
        database = sql.Identifier(name)
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(database))
        admin.execute(sql.SQL("create database {} owner postgres").format(database))
        fresh_state.server.bootstrap(name)
        return fresh_state.server.url(database=name)

    return create
