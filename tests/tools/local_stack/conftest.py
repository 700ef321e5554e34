"""Stacks for the tests, in directories that Postgres's user can pass through."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import LocalStack


@pytest.fixture
def stack() -> Iterator[LocalStack]:
    """A stack that is not running yet."""
    yield from _temporary_stack()


@pytest.fixture(scope="module")
def shared_stack() -> Iterator[LocalStack]:
    """A running stack without functions, for tests that leave it running."""
    for stack in _temporary_stack():
        stack.up("--database-only")
        yield stack


def _temporary_stack() -> Iterator[LocalStack]:
    directory = Path(tempfile.mkdtemp(prefix="editai-stack-"))
    directory.chmod(0o711)
    stack = LocalStack(directory=directory)
    try:
        yield stack
    finally:
        stack.run("down")
        shutil.rmtree(directory, ignore_errors=True)
