"""The recordings of this test run. Each batch is recorded once, by the first test process that needs it."""

import asyncio
import fcntl
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
import pytest

from tests.worker.media.recordings.reading import read
from tests.worker.media.recordings.recorder import record
from tests.worker.media.recordings.takes import BATCHES, Take

ATTEMPTS = 4

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
        # One at a time, because a recorder that lacks processor time leaves pictures out.
        with _locked(folder / "lock"):
            if not (folder / batch).exists():
                _record(batch, folder)
        return folder / batch / take.name

    return file_of


def _record(batch: str, folder: Path) -> None:
    """Records a batch, again if the machine was too busy for it."""
    given_up = folder / f"{batch}.given-up"
    for _ in range(0 if given_up.exists() else ATTEMPTS):
        draft = Path(tempfile.mkdtemp(prefix=f"{batch}.", dir=folder))
        # In a thread, because this one may have an event loop already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, record(BATCHES[batch], draft)).result()
        if all(_is_recorded(take, draft / take.name) for take in BATCHES[batch]):
            draft.rename(folder / batch)
            return
    given_up.touch()
    pytest.fail(f"this machine was too busy to record {batch}, {ATTEMPTS} times")


def _is_recorded(take: Take, path: Path) -> bool:
    """Whether the browser recorded most of a take: pictures up to its last second, and a flash with its beep."""
    try:
        content = read(path)
    except (FileNotFoundError, av.error.InvalidDataError):
        return False
    if not content.pictures or content.pictures[-1].time < take.recorded_seconds - 1:
        return False
    if not take.sound or take.stage == "camera":
        return True
    if take.stage == "rarely changing":
        return content.beeps[-1:] > [take.recorded_seconds - 1.2]
    return any(0.5 < flash < take.recorded_seconds - 0.5 for flash in content.offsets())


@contextmanager
def _locked(file: Path) -> Generator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
