"""Without a choice, the track that is heard is the marked one, or the first, that can be decoded and is not silent."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.run.sound_tracks import SAMPLE_SECONDS, SAMPLES, samples, usual_track
from shared.media.probe import probe
from tests.support.media import footage, sound_tracks
from tests.support.media.sound_tracks import CASES, SILENCE


async def _usual(path: Path, work_dir: Path) -> int | None:
    track = await usual_track(path, probe(path), work_dir=work_dir)
    assert not [name for name in footage.names(work_dir) if name.startswith("heard")]
    return track and track.number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("obs_first_track_silent.mkv", 1),
        ("default_second.mkv", 1),
        ("apac_first.mov", 1),
        ("apac_second.mov", 0),
    ],
)
async def test_the_track_that_is_meant_is_heard(name: str, number: int, tmp_path: Path) -> None:
    assert await _usual(CASES / name, tmp_path) == number


@pytest.mark.parametrize(
    ("suffix", "tones", "default", "number"),
    [
        *((suffix, (SILENCE, 440), (0,), 1) for suffix in ("mp4", "mov", "mkv", "ts")),
        ("ts", (SILENCE, SILENCE, 440), (), 2),
        ("mp4", (SILENCE, SILENCE, SILENCE), (), 0),
    ],
)
async def test_silent_tracks_are_passed_over_in_every_container(
    suffix: str, tones: Sequence[int], default: Sequence[int], number: int, tmp_path: Path
) -> None:
    path = sound_tracks.make(tmp_path / f"tracks.{suffix}", tones, default=default, seconds=1)
    assert await _usual(path, tmp_path) == number


@pytest.mark.parametrize(
    ("tones", "default", "number"),
    [
        ((440, 880), (1,), 1),
        ((440, 880), (0, 1), 0),
        ((440, 880), (), 0),
        ((440, SILENCE), (1,), 0),
        ((SILENCE, 440, SILENCE), (2,), 1),
        ((SILENCE, SILENCE), (1,), 1),
        ((440, 880, 660), (1, 2), 0),
        ((), (), None),
    ],
)
async def test_one_marked_track_is_preferred_and_several_say_nothing(
    tones: Sequence[int], default: Sequence[int], number: int | None, tmp_path: Path
) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mkv", tones, default=default, seconds=1)
    assert await _usual(path, tmp_path) == number


async def test_a_damaged_track_is_passed_over(tmp_path: Path) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mp4", (440, 880), default=(0,))
    assert await _usual(path, tmp_path) == 0
    assert await _usual(sound_tracks.damage(path, 0), tmp_path) == 1


async def test_what_is_left_of_a_damaged_track_counts(tmp_path: Path) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mp4", (440, 880), default=(0,))
    assert await _usual(sound_tracks.damage(path, 0, since=0.3), tmp_path) == 0


async def test_a_single_track_that_is_damaged_throughout_is_not_heard(tmp_path: Path) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mp4", (SILENCE,))
    assert await _usual(path, tmp_path) == 0
    assert await _usual(sound_tracks.damage(path, 0), tmp_path) is None


async def test_a_track_without_a_decoder_is_passed_over(tmp_path: Path) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mp4", (440, SILENCE, 880), default=(0,))
    assert await _usual(sound_tracks.make_undecodable(path, 0), tmp_path) == 2


async def test_without_any_decoder_nothing_is_heard(tmp_path: Path) -> None:
    path = sound_tracks.make(tmp_path / "tracks.mp4", (440,))
    assert await _usual(sound_tracks.make_undecodable(path, 0), tmp_path) is None


async def test_a_sound_late_in_a_long_file_is_found(tmp_path: Path) -> None:
    """Its first nine tenths are silent, and it is listened to in samples."""
    quiet = tmp_path / "quiet.mp4"
    late = "sine=frequency=440:sample_rate=8000:duration=40,adelay=280000,apad=whole_dur=320"
    footage.make(
        *("-f", "lavfi", "-i", "color=size=64x64:rate=1:duration=320"),
        *("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=320", "-f", "lavfi", "-i", late),
        *("-map", "0", "-map", "1", "-map", "2", "-preset", "ultrafast", "-t", "320", str(quiet)),
    )
    assert await _usual(quiet, tmp_path) == 1


def test_a_file_of_any_length_is_listened_to_for_five_minutes_at_most() -> None:
    for seconds in (1.0, 299.0, 301.0, 4 * 3600.0):
        parts = samples(seconds)
        assert parts[0][0] == 0
        assert sum(length for _, length in parts) <= SAMPLES * SAMPLE_SECONDS
        assert all(start < seconds for start, _ in parts)
