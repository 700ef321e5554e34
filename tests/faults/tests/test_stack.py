"""A run that starts removes the directories of killed runs, and no directory of a live one."""

import os
import subprocess
import sys
from pathlib import Path

from local.programs import CHECKOUT
from tests.faults.stack.layout import PREFIX

LIVE = """
import gc, sys
from pathlib import Path
from tests.faults.stack.stack import FaultStack
stack = FaultStack(seed=1, workers=0, with_media=False, directory=Path(sys.argv[1]))
stack.claim_directory()
gc.collect()
print("claimed", flush=True)
input()
"""
REMOVE = "from tests.faults.stack.stack import _remove_stale_directories as remove; remove()"


def old_directory(folder: Path, name: str) -> Path:
    directory = folder / f"{PREFIX}{name}"
    directory.mkdir()
    return directory


def test_only_the_directories_of_runs_that_are_not_alive_are_removed(tmp_path: Path) -> None:
    living, dead = old_directory(tmp_path, "living"), old_directory(tmp_path, "dead")
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", LIVE, str(living)],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == b"claimed\n"
        for directory in (living, dead):
            os.utime(directory, (0, 0))
        subprocess.run([sys.executable, "-c", REMOVE], cwd=CHECKOUT, env=environment, check=True)
        assert list(tmp_path.iterdir()) == [living]
        run.communicate(b"\n")
