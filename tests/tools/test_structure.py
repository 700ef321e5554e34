"""The structure of the checkout: small folders, and packages that say what they are for."""

import ast
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from local.programs import CHECKOUT

MAX_FILES_IN_A_FOLDER = 15
CODE = {".py", ".ts", ".sql", ".sh"}
# Migrations are a history: the Supabase CLI reads them from one folder, in the order of time.
EXEMPT = {"supabase/migrations"}


def tracked() -> list[Path]:
    """The files of the checkout that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=CHECKOUT, text=True).splitlines()
    return [Path(name) for name in names if (CHECKOUT / name).is_file()]


def test_no_folder_holds_more_files_than_a_reader_takes_in() -> None:
    files = Counter(str(path.parent) for path in tracked() if path.suffix in CODE)
    crowded = {folder: n for folder, n in files.items() if n > MAX_FILES_IN_A_FOLDER}
    assert {folder: n for folder, n in crowded.items() if folder not in EXEMPT} == {}


@pytest.mark.parametrize("package", [p for p in tracked() if p.name == "__init__.py"], ids=str)
def test_a_package_says_what_it_is_for(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((CHECKOUT / package).read_text()))
    assert docstring
    assert docstring.splitlines()[0].rstrip().endswith((".", ":"))
