"""A temporary folder for a run."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where a run keeps its files; Postgres's user must be able to pass through it."""
    with tempfile.TemporaryDirectory(prefix="editai-runs-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
