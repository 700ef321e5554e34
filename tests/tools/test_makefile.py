"""`make help` lists every target."""

import re
import subprocess

import pytest

from local.programs import CHECKOUT

_PHONY = re.compile(r"^\.PHONY: (.+)$", re.MULTILINE)


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
