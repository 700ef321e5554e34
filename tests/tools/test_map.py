"""The maps of the tests: each README names every folder beside it, and every test lies in one of them."""

import re
from pathlib import Path

import pytest

from local.programs import CHECKOUT

MAPS = ("tests", "tests/faults")


def folders(place: str) -> set[str]:
    """The folders of code directly under a place."""
    return {file.parent.name for file in (CHECKOUT / place).glob("*/__init__.py")}


def named(place: str) -> set[str]:
    """The folders that begin a row of the README's table, or a paragraph of their own."""
    text = (CHECKOUT / place / "README.md").read_text()
    in_rows = re.findall(r"^\|.*?`(\w+)/`", text, re.MULTILINE)
    return {*in_rows, *re.findall(r"^`(\w+)/`", text, re.MULTILINE)}


@pytest.mark.parametrize("place", MAPS)
def test_a_map_names_exactly_the_folders_beside_it(place: str) -> None:
    assert named(place) == folders(place)


@pytest.mark.parametrize("place", MAPS)
def test_every_test_lies_in_a_folder_of_the_map(place: str) -> None:
    tests = (CHECKOUT / place).rglob("test_*.py")
    rooms = {Path(file).relative_to(CHECKOUT / place).parts[0] for file in tests}
    assert rooms <= named(place)
