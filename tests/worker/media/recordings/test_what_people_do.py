"""What people do while a browser records: they pause, turn the phone, change nothing for a while, or close the tab."""

from pathlib import Path

import pytest

from shared.media.probe import probe
from tests.worker.media.recordings import checking
from tests.worker.media.recordings.conftest import Recorded
from tests.worker.media.recordings.reading import read
from tests.worker.media.recordings.takes import ODD, Take

NAMED = {take.name: take for take in ODD}
CONTAINERS = ("webm", "mkv", "mp4")


def _takes(*names: str) -> pytest.MarkDecorator:
    found = [take for take in ODD if take.name.split(".")[0] in names]
    return pytest.mark.parametrize("take", found, ids=lambda take: take.name)


@_takes("asked", "default", "uncompressed-sound")
async def test_however_its_slices_were_asked_for_a_recording_becomes_a_right_clip(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    """In a WebM or MKV of which slices were asked for by `requestData`, Chromium states a duration of a millisecond."""
    path = recorded(take)
    checking.assert_ends_with_the_last_picture(probe(path), read(path))
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    checking.assert_in_sync(clip)


@_takes("paused")
async def test_a_pause_is_not_part_of_the_recording(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    path = recorded(take)
    facts = probe(path)
    assert facts.duration_seconds == pytest.approx(take.seconds - 1, abs=0.5)
    checking.assert_ends_with_the_last_picture(facts, read(path))
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    checking.assert_in_sync(clip)


@_takes("portrait")
async def test_an_upright_recording_stays_upright(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    path = recorded(take)
    assert (probe(path).video.width, probe(path).video.height) == (192, 340)
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)


@_takes("rarely-changing")
async def test_a_screen_on_which_little_happens_shows_each_change_in_time(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    """A picture every 1.3 s. The last one is shown until the recording ends, or as long as an MP4 says itself."""
    path = recorded(take)
    facts, source = probe(path), read(path)
    ends = [track.end_seconds for track in facts.audio_tracks if track.end_seconds]
    assert source.pictures[-1].time < facts.duration_seconds <= max(ends) + 0.25
    clip = await checking.cut(path, tmp_path, before_end=0.01)
    checking.assert_shows_the_right_pictures(clip)


@_takes("camera")
async def test_a_camera_and_microphone_are_accepted(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    """Chromium's artificial camera; it beeps, but shows no numbers."""
    path = recorded(take)
    facts, source = probe(path), read(path)
    assert (facts.video.width, facts.video.height) == (320, 240)
    longest = max(
        b.time - a.time for a, b in zip(source.pictures, source.pictures[1:], strict=False)
    )
    assert source.pictures[-1].time < facts.duration_seconds <= source.pictures[-1].time + longest
    clip = await checking.cut(path, tmp_path)
    assert clip.content.beeps[0] + clip.start == pytest.approx(
        next(beep for beep in source.beeps if beep > clip.start), abs=clip.frame_seconds
    )


@_takes("growing-vp8", "growing-vp9", "growing")
async def test_a_picture_that_grows_is_fitted_into_the_first_size(
    take: Take, recorded: Recorded, tmp_path: Path
) -> None:
    """Chromium's MP4 lacks what a decoder needs after H.264 grew; what was recorded before that is compared."""
    path = recorded(take)
    assert (probe(path).video.width, probe(path).video.height) == (192, 128)
    clip = await checking.cut(path, tmp_path)
    damaged_after = 1.0 if path.suffix == ".mp4" else float("inf")
    checking.assert_shows_the_right_pictures(clip, until=damaged_after)


@pytest.mark.parametrize("name", ["cut-off.webm", "cut-off.mkv", "cut-off.mp4"])
async def test_a_recording_whose_tab_was_closed_is_used_up_to_its_last_slice(
    name: str, recorded: Recorded, tmp_path: Path
) -> None:
    path = recorded(NAMED[name])
    checking.assert_ends_with_the_last_picture(probe(path), read(path))
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    checking.assert_in_sync(clip)
