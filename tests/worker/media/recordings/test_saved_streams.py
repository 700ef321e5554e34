"""Streams that a page's player got in fragments of MP4, as tools save them: the segments one after the other.

The fragments are MediaRecorder's own. Chromium's player takes each stream before the probe does.
"""

import base64
from collections.abc import Callable
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


@pytest.mark.parametrize(
    "segments",
    [_all, _from_the_middle, _a_day_later, _with_empty_ones],
    ids=["whole", "from the middle", "of a live stream after a day", "with empty segments"],
)
async def test_a_saved_stream_becomes_a_right_clip(
    segments: Callable[[Segments], list[bytes]], recorded: Recorded, tmp_path: Path
) -> None:
    whole = split(recorded(FRAGMENTED).read_bytes())
    played = await _play([whole.head, *segments(whole)], tmp_path)
    path = tmp_path / "saved.mp4"
    facts, source = probe(path), read(path)
    assert facts.duration_seconds == pytest.approx(played[-1][1] - played[0][0], abs=0.15)
    checking.assert_ends_with_the_last_picture(facts, source)
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    checking.assert_in_sync(clip)


@pytest.mark.parametrize("empty", [False, True])
async def test_a_stream_of_which_nothing_was_played_is_refused(
    empty: bool,
    recorded: Recorded,
    tmp_path: Path,
) -> None:
    """Only its beginning was saved: that a tab recorded as MP4 was closed early looks the same."""
    whole = split(recorded(FRAGMENTED).read_bytes())
    assert (
        await _play([whole.head, *[without_samples(whole.media[0])][: int(empty)]], tmp_path) == []
    )
    with pytest.raises(UnusableMedia) as refused:
        probe(tmp_path / "saved.mp4")
    assert refused.value.code == "no_duration"


async def _play(segments: list[bytes], folder: Path) -> list[tuple[float, float]]:
    """The times that Chromium can play. What its player appended is in saved.mp4."""
    async with recorder_page(folder, "player.html") as page:
        encoded = [base64.b64encode(segment).decode() for segment in segments]
        return [
            (begin, end)
            for begin, end in await page.evaluate(
                "([type, segments]) => play('saved.mp4', type, segments)", [TYPE, encoded]
            )
        ]
