"""Two runs of make in one checkout take turns at the setup, and scripts can still read what the second one prints."""

import fcntl
import os
import select
import subprocess
import sys
from pathlib import Path

_SECOND = """
from pathlib import Path
from local.setup import install
install.ROOT = Path.cwd()
with install.one_at_a_time():
    print("the token")
"""


def test_a_run_that_waits_says_so_outside_its_output(tmp_path: Path) -> None:
    """`AUTH=$(make -s token)` must be the token alone."""
    (tmp_path / "local").mkdir()
    first = os.open(tmp_path / "local", os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)
    with subprocess.Popen(
        [sys.executable, "-c", _SECOND],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as second:
        assert second.stdout
        assert second.stderr
        select.select([second.stdout, second.stderr], [], [], 30)
        os.close(first)
        output, errors = second.communicate(timeout=30)
    assert (output, errors) == ("the token\n", "Waiting for another setup of this checkout\n")
