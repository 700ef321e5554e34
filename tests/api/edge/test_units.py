"""Runs the unit tests that Deno runs itself: the cases of a header."""

import os
import subprocess
from pathlib import Path

from local.programs import CHECKOUT, DENO


def test_the_unit_tests_of_the_edge_functions_pass_under_deno(tmp_path: Path) -> None:
    command = [DENO, "test", "--quiet", "--no-remote", "--config", "supabase/functions/deno.json"]
    result = subprocess.run(
        [*command, "tests/api/edge"],
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={**os.environ, "DENO_DIR": str(tmp_path), "NO_COLOR": "1"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "21 passed" in result.stdout
