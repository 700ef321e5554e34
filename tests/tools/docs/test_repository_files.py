"""What GitHub, editors and pre-commit read names what is there."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.docs import pages

FILES = sorted([*(pages.ROOT / ".github").rglob("*.yml"), pages.ROOT / ".pre-commit-config.yaml"])


def read(path: str) -> Any:
    return yaml.safe_load((pages.ROOT / path).read_text())


@pytest.mark.parametrize("file", FILES, ids=pages.name)
def test_every_file_is_yaml(file: Path) -> None:
    assert yaml.safe_load(file.read_text())


def test_ci_runs_what_every_change_must_pass() -> None:
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run"
    assert os.access(pages.ROOT / ".ci" / "run", os.X_OK)


def test_actions_are_pinned() -> None:
    workflow = (pages.ROOT / ".github/workflows/ci.yml").read_text()
    used = re.findall(r"uses: (\S+)", workflow)
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@(?:v\d+|[0-9a-f]{40})", action) for action in used)


def test_dependabot_watches_every_folder_with_requirements() -> None:
    watched = {
        (update["package-ecosystem"], folder)
        for update in read(".github/dependabot.yml")["updates"]
        for folder in update.get("directories", [update.get("directory")])
    }
    skipped = {".venv", "node_modules", ".local", "build"}
    with_pins = {
        ("pip", f"/{file.parent.relative_to(pages.ROOT)}".removesuffix("."))
        for file in pages.ROOT.rglob("requirements*.in")
        if not skipped & set(file.parts)
    }
    with_packages = {
        ("npm", folder) for folder in ("/local", "/clients/typescript", "/tests/clients/generators")
    }
    assert watched == with_pins | with_packages | {("github-actions", "/")}


def test_hooks_call_what_is_installed() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    for hook in repository["hooks"]:
        program, *arguments = hook["entry"].split()
        assert (pages.ROOT / program).exists(), program
        named = [argument for argument in arguments if argument.startswith("tests/")]
        assert all((pages.ROOT / path).exists() for path in named), named
