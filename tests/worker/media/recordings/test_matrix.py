"""Every kind of file that MediaRecorder writes is accepted, and becomes a right clip.

Debian's Chromium records them during the run: each codec in each container, and in each container slices and one piece,
with and without sound.
"""

from pathlib import Path

import pytest

from shared.media.probe import probe
from tests.worker.media.recordings import checking
from tests.worker.media.recordings.conftest import Recorded
from tests.worker.media.recordings.reading import read
from tests.worker.media.recordings.recorder import record, supported
from tests.worker.media.recordings.takes import CODECS, MATRIX, OTHER_CODECS, Take

_NAMES = {"vp8": "VP8", "vp9": "VP9", "avc1": "AVC", "avc3": "AVC", "av01": "AV1"}


@pytest.mark.parametrize("take", MATRIX, ids=lambda take: take.name)
async def test_a_recording_becomes_a_right_clip(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    path = recorded(take)
    facts, source = probe(path), read(path)
    assert facts.container == ("mp4" if path.suffix == ".mp4" else "matroska")
    assert facts.video.codec == _NAMES[take.name.split("-")[0]]
    assert (facts.video.width, facts.video.height) == (192, 128)
    assert (facts.audio is not None) == take.sound
    assert facts.duration_seconds == pytest.approx(take.seconds, abs=0.5)
    checking.assert_ends_with_the_last_picture(facts, source)
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    if take.sound:
        checking.assert_in_sync(clip)


async def test_so_does_whatever_else_this_browser_can_record(tmp_path: Path) -> None:
    """Other names of these codecs, and what later versions add."""
    listed = {
        f"video/{container};codecs={codec}" for container in CODECS for codec in CODECS[container]
    }
    codecs = {codec for found in CODECS.values() for codec in found} | set(OTHER_CODECS)
    types = {f"video/{container};codecs={codec}" for container in CODECS for codec in codecs}
    others = await supported(sorted(types - listed), tmp_path)
    takes = [Take(name=f"{number}.video", type=kind) for number, kind in enumerate(others)]
    await record(takes, tmp_path)
    for take in takes:
        path = tmp_path / take.name
        checking.assert_ends_with_the_last_picture(probe(path), read(path))
        checking.assert_shows_the_right_pictures(await checking.cut(path, tmp_path))
