"""Hanging probes delay other probes, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from api.uploads.form import BLOCK_BYTES, file_sink
from shared.media.probe import MediaFacts, probe_async
from tests.support.library_client import SAMPLE
from tests.support.media.hanging import hanging_readers
from tests.support.waiting import eventually

# More than any machine's pool of threads has.
PROBES = 40


async def test_an_upload_is_written_while_every_probe_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging_readers(tmp_path, monkeypatch) as hanging:
        probes = [asyncio.create_task(probe_async(SAMPLE)) for _ in range(PROBES)]
        await eventually(lambda: len(hanging.pids()) >= 2)
        async with asyncio.timeout(5), file_sink(tmp_path / "video", max_bytes=1 << 30) as sink:
            await sink.write(bytes(BLOCK_BYTES))
        assert len(hanging.pids()) == 2, "each may take hundreds of megabytes"
        for probe in probes[2:]:
            probe.cancel()
        hanging.go_on()
        outcomes = await asyncio.gather(*probes, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[:2]] == [MediaFacts] * 2
    assert (tmp_path / "video").stat().st_size == BLOCK_BYTES
