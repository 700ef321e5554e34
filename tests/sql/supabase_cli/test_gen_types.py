"""`supabase gen types` on the migrated database: what it writes compiles, and says what the functions return."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.programs import DENO
from tests.sql.supabase_cli.conftest import SupabaseCli
from tests.support.backend import Backend

PROGRAM = Path(__file__).with_name("typed_calls.ts")
RETIRED = {"editai_hold_lease"}


@pytest.fixture
def types(cli: SupabaseCli, fresh_state: Backend, tmp_path: Path) -> Path:
    """The generated types, by the CLI itself, which needs no Docker for a database's URL."""
    url = fresh_state.server.url(database=fresh_state.database)
    written = cli.run("gen", "types", "--lang=typescript", "--schema=public", f"--remote={url}")
    assert written.returncode == 0, written.stderr
    target = tmp_path / "database.types.ts"
    # A frame for people comes before the types.
    target.write_text(written.stdout[written.stdout.index("export type Json") :])
    return target


def test_every_result_has_a_type_and_a_program_that_uses_them_compiles_and_runs(
    types: Path, fresh_state: Backend
) -> None:
    without_type = set(
        re.findall(
            r'"(editai_\w+)":\s*\{ Args: [^\n]*Returns: Record<string, unknown>', types.read_text()
        )
    )
    assert without_type <= RETIRED
    program = types.with_name("typed_calls.ts")
    shutil.copy(PROGRAM, program)
    run = subprocess.run(
        [DENO, "run", "--quiet", "--check", "--allow-env", "--allow-net=127.0.0.1", program],
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(types.parent),
            "DENO_DIR": str(types.parent / "deno"),
            "REST_URL": f"{fresh_state.gateway.url}/rest/v1",
            "SERVICE_KEY": fresh_state.gateway.service_role_key,
        },
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "started": "started",
        "superseded": None,
        "claimed": "claimed",
        "sources": [],
        "beat": "held",
        "percentage": 40,
        "remaining": None,
        "cancelled": "cancelled",
        "status": "cancelled",
    }
