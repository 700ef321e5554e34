"""The recordings that are kept in the repository: they need no browser, and show what an overloaded one writes."""

from pathlib import Path

import pytest

from local.programs import CHECKOUT
from shared.media.probe import probe
from tests.worker.media.recordings import checking
from tests.worker.media.recordings.reading import read

KEPT = sorted(
    path
    for path in (CHECKOUT / "tests" / "support" / "media" / "recordings").iterdir()
    if path.suffix != ".md"
)
OVERLOADED = next(path for path in KEPT if path.stem == "overloaded")
NUMBERED = [path for path in KEPT if path.stem not in ("overloaded", "camera")]


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.name)
async def test_a_kept_recording_becomes_a_right_clip(path: Path, tmp_path: Path) -> None:
    last = read(path).pictures[-1].time
    assert last < probe(path).duration_seconds < last + 0.4
    clip = await checking.cut(path, tmp_path)
    checking.assert_shows_the_right_pictures(clip)
    if path.stem != "rarely-changing":  # its flashes are shorter than its pictures
        checking.assert_in_sync(clip)


async def test_sound_is_in_time_again_after_its_time_stamps_jumped(tmp_path: Path) -> None:
    """The last beep is a second after the jump of 99 ms, and later than it by less than a frame."""
    clip = await checking.cut(OVERLOADED, tmp_path)
    assert clip.content.beeps[-1] + clip.start == pytest.approx(clip.source.beeps[-1], abs=0.017)


async def test_the_last_picture_is_shown_wherever_the_cut_begins(tmp_path: Path) -> None:
    """It says that it lasts 33 ms, less than a frame of its clip."""
    path = next(path for path in KEPT if path.name == "rarely-changing.mp4")
    clip = await checking.cut(path, tmp_path, start=0.34, before_end=0.01)
    assert clip.content.pictures[-1].number == clip.source.pictures[-1].number


@pytest.mark.parametrize("name", ["vp8-sliced-sound.webm", "asked.webm", "paused.mkv"])
async def test_a_recording_whose_end_is_missing_is_used_up_to_there(
    name: str, tmp_path: Path
) -> None:
    """What a page saved that crashed while it sent its last slice."""
    whole = next(path for path in KEPT if path.name == name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[: len(whole) * 3 // 4])
    facts, source = probe(path), read(path)
    assert source.pictures[-1].time < facts.duration_seconds < source.pictures[-1].time + 0.4
    checking.assert_shows_the_right_pictures(await checking.cut(path, tmp_path))
