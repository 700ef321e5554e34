"""Streams that a page's player got in fragments of MP4, as tools save them: the segments one after the other.

The fragments are MediaRecorder's own. Chromium's player takes each stream before the probe does.
"""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.media.probe import UnusableMedia, probe
from tests.worker.media.recordings import checking
from tests.worker.media.recordings.conftest import Recorded
from tests.worker.media.recordings.reading import read
from tests.worker.media.recordings.recorder import recorder_page
from tests.worker.media.recordings.segments import (
    Segments,
    later,
    split,
    timescales,
    without_samples,
)
from tests.worker.media.recordings.takes import ODD

TYPE = 'video/mp4; codecs="avc1.42E01E, opus"'
FRAGMENTED = next(take for take in ODD if take.name == "fragments.mp4")
A_DAY = 26 * 3600


Played = dict[str, list[tuple[float, float]]]
"""By the file's name, the times that Chromium can play."""


def _all(whole: Segments) -> list[bytes]:
    return whole.media


def _from_the_middle(whole: Segments) -> list[bytes]:
    return whole.media[2:]


def _a_day_later(whole: Segments) -> list[bytes]:
    scales = timescales(whole.head)
    return [later(segment, A_DAY, scales) for segment in whole.media]


def _with_empty_ones(whole: Segments) -> list[bytes]:
    first, second, *others = whole.media
    return [without_samples(first), first, without_samples(second), second, *others]


def _nothing(_whole: Segments) -> list[bytes]:
    return []


def _an_empty_one(whole: Segments) -> list[bytes]:
    return [without_samples(whole.media[0])]


WHOLE: dict[str, Callable[[Segments], list[bytes]]] = {
    "whole.mp4": _all,
    "from-the-middle.mp4": _from_the_middle,
    "of-a-live-stream-after-a-day.mp4": _a_day_later,
    "with-empty-segments.mp4": _with_empty_ones,
}
ONLY_BEGUN: dict[str, Callable[[Segments], list[bytes]]] = {
    "without-segments.mp4": _nothing,
    "with-an-empty-segment.mp4": _an_empty_one,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the saved streams are."""
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def played(recorded: Recorded, folder: Path) -> Played:
    """All streams, played by one browser."""
    whole = split(recorded(FRAGMENTED).read_bytes())
    streams = {
        name: [whole.head, *segments(whole)] for name, segments in {**WHOLE, **ONLY_BEGUN}.items()
    }
    # In a thread, because this one may have an event loop already.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _play(streams, folder)).result()


@pytest.mark.parametrize("name", WHOLE)
async def test_a_saved_stream_becomes_a_right_clip(
    name: str, played: Played, folder: Path, tmp_path: Path
) -> None:
    path, times = folder / name, played[name]
    facts, source = probe(path), read(path)
    assert facts.duration_seconds == pytest.approx(times[-1][1] - times[0][0], abs=0.15)
    checking.assert_ends_with_the_last_picture(facts, source)
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    checking.assert_in_sync(clip)


@pytest.mark.parametrize("name", ONLY_BEGUN)
def test_a_stream_of_which_nothing_was_played_is_refused(
    name: str, played: Played, folder: Path
) -> None:
    """Only its beginning was saved: that a tab recorded as MP4 was closed early looks the same."""
    assert played[name] == []
    with pytest.raises(UnusableMedia) as refused:
        probe(folder / name)
    assert refused.value.code == "no_duration"


async def _play(streams: dict[str, list[bytes]], folder: Path) -> Played:
    """Play each stream. What the page's player appended is in the file of its name."""
    played = Played()
    async with recorder_page(folder, "player.html") as page:
        for name, segments in streams.items():
            encoded = [base64.b64encode(segment).decode() for segment in segments]
            played[name] = [
                (begin, end)
                for begin, end in await page.evaluate(
                    "([name, type, segments]) => play(name, type, segments)", [name, TYPE, encoded]
                )
            ]
    return played
