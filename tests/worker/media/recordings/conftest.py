"""The recordings of this test run. Each batch is recorded once, by the first test process that needs it."""

import asyncio
import fcntl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.worker.media.recordings.recorder import record
from tests.worker.media.recordings.takes import BATCHES, Take

Recorded = Callable[[Take], Path]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Recorded:
    """Gives the file of a take."""
    base = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have their folders side by side.
    folder = (base if worker_id == "master" else base.parent) / "recordings"
    folder.mkdir(exist_ok=True)

    def file_of(take: Take) -> Path:
        batch = next(name for name, takes in BATCHES.items() if take in takes)
        with _locked(folder / f"{batch}.lock"):
            if not (folder / batch).exists():
                _record(batch, folder)
        return folder / batch / take.name

    return file_of


def _record(batch: str, folder: Path) -> None:
    draft = folder / f"{batch}.new"
    draft.mkdir()
    # In a thread, because this one may have an event loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, record(BATCHES[batch], draft)).result()
    draft.rename(folder / batch)


@contextmanager
def _locked(file: Path) -> Generator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
