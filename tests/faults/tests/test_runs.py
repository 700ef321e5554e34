"""Whole runs: no rule breaks under faults, and each negative control is reported."""

from pathlib import Path

from tests.faults.injection.breaks import BREAKS
from tests.faults.tests.running import processes_in, run

SECONDS = 60
CONTROL_SECONDS = 60


def test_no_rule_is_broken_under_faults(folder: Path) -> None:
    result = run(folder, f"--seconds={SECONDS}", "--workers=2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "violations        0" in result.stdout
    assert processes_in(folder) == []
    assert list(folder.iterdir()) == []


def test_each_rule_that_is_broken_on_purpose_is_reported(folder: Path) -> None:
    result = run(folder, f"--seconds={CONTROL_SECONDS}", "--workers=2", "--break=each")
    assert result.returncode == 1, result.stdout + result.stderr
    noticed = {line.partition(":")[0] for line in result.stdout.splitlines() if ": caught" in line}
    assert noticed == set(BREAKS), result.stdout + result.stderr
