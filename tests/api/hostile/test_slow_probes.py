"""Hanging probes delay other probes, and nothing else."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.uploads.form import BLOCK_BYTES, file_sink
from shared.media import mediainfo_process
from shared.media.probe import UnusableMedia, probe_async
from tests.support.library_client import SAMPLE
from tests.support.media import footage
from tests.support.waiting import eventually

# More than any machine's pool of threads has.
PROBES = 40

READER = """
import os, time
open({begun!r} + str(os.getpid()), "w").close()
while not os.path.exists({end!r}):
    time.sleep(0.02)
"""


@contextmanager
def _hanging_reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """Readers that wait until the block ends; each leaves a file in the folder that is given."""
    begun, end, script = folder / "begun", folder / "end", folder / "reader.py"
    begun.mkdir()
    script.write_text(READER.format(begun=f"{begun}/", end=str(end)))
    # A real child, started as ever; that it hangs when it is told to is all that no file could bring about.
    monkeypatch.setattr(mediainfo_process, "__file__", str(script))
    try:
        yield begun
    finally:
        end.touch()


async def test_an_upload_is_written_while_every_probe_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _hanging_reader(tmp_path, monkeypatch) as begun:
        probes = [asyncio.create_task(probe_async(SAMPLE)) for _ in range(PROBES)]
        await eventually(lambda: len(footage.names(begun)) >= 2)
        async with asyncio.timeout(5), file_sink(tmp_path / "video", max_bytes=1 << 30) as sink:
            await sink.write(bytes(BLOCK_BYTES))
        assert len(footage.names(begun)) == 2, "each may take hundreds of megabytes"
        for probe in probes[2:]:
            probe.cancel()
    outcomes = await asyncio.gather(*probes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[:2]] == [UnusableMedia] * 2
    assert (tmp_path / "video").stat().st_size == BLOCK_BYTES
