"""Runs in processes of their own, because a run changes the settings and adopts the children of its process."""

import subprocess
import sys
from pathlib import Path

from local.programs import CHECKOUT


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`python -m tests.faults` with its temporary files in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults", "--seed=1", *options],
        cwd=CHECKOUT,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes whose temporary files are in a folder."""
    mark = f"TMPDIR={folder}"
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark in (entry / "environ").read_text(errors="replace"):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found
