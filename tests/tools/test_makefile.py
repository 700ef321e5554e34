"""`make help` lists every target, and make says which program a machine lacks."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.programs import CHECKOUT

_PHONY = re.compile(r"^\.PHONY: (demo .+)$", re.MULTILINE)


def targets() -> list[str]:
    return [
        name
        for line in _PHONY.findall((CHECKOUT / "Makefile").read_text())
        for name in line.split()
    ]


@pytest.mark.parametrize("target", targets())
def test_make_help_lists_the_target(target: str) -> None:
    listed = subprocess.check_output(
        ["make", "--no-print-directory", "help"], cwd=CHECKOUT, text=True
    )
    assert re.search(rf"^make (.*, make )?{target}\b(?!-)", listed, re.MULTILINE), listed


@pytest.mark.parametrize(
    ("target", "present", "missing"),
    [
        ("up", [], "Python is missing: install Python 3.11 or later"),
        ("test", [], "Python is missing"),
        ("lint", ["python3"], "git is missing: install it"),
    ],
)
def test_make_says_what_is_missing(
    tmp_path: Path, target: str, present: list[str], missing: str
) -> None:
    for name in present:
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    make = shutil.which("make")
    assert make is not None
    result = subprocess.run(
        [make, target],
        cwd=CHECKOUT,
        check=False,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert result.stderr.startswith(missing)
    assert len(result.stderr.splitlines()) == 2, "nothing but make's own line follows"
