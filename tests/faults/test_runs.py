"""Runs of the whole: nothing breaks under faults, and what is broken on purpose is noticed."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from tests.faults.breaks import BREAKS

SECONDS = 60
CONTROL_SECONDS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a run keeps everything; Postgres's user must be able to pass."""
    with tempfile.TemporaryDirectory(prefix="editai-runs-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own: it takes over settings and children of its process."""
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


def test_nothing_that_must_hold_is_broken_under_faults(folder: Path) -> None:
    result = run(folder, f"--seconds={SECONDS}", "--workers=2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "violations        0" in result.stdout
    assert processes_in(folder) == []
    assert list(folder.iterdir()) == []


def test_each_rule_that_is_broken_on_purpose_is_noticed(folder: Path) -> None:
    result = run(folder, f"--seconds={CONTROL_SECONDS}", "--workers=2", "--break=each")
    assert result.returncode == 1, result.stdout + result.stderr
    noticed = {line.partition(":")[0] for line in result.stdout.splitlines() if ": caught" in line}
    assert noticed == set(BREAKS), result.stdout + result.stderr
