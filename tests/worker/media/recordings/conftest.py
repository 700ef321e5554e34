"""The recordings of this test run. Each batch is recorded once, by the first test process that needs it."""

import asyncio
import fcntl
import tempfile
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import av
import av.error
import pytest

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
    """Whether the browser recorded most of a take: its last second has pictures, and sound if it has any."""
    seconds = take.seconds - sum(at for at, action in take.actions if action == "resume")
    seconds += sum(at for at, action in take.actions if action == "pause")
    ends = dict[int, float]()
    with suppress(FileNotFoundError, av.error.InvalidDataError), av.open(str(path)) as file:
        streams = [*file.streams.video[:1], *file.streams.audio[:1]]
        ends = {stream.index: 0.0 for stream in streams}
        for packet in file.demux(streams):
            if packet.pts is not None:
                ends[packet.stream_index] = float(packet.pts * packet.time_base)
    return min(ends.values(), default=0.0) > seconds - 1


@contextmanager
def _locked(file: Path) -> Generator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
