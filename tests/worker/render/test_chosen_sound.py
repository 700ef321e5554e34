"""A job plays the chosen sound track, or the usual one, and damaged sound never fails it."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.selection import scenes
from pipeline.selection.analysis import SILENCE_LUFS
from shared.media.probe import probe
from tests.support.media import sound_tracks
from tests.support.media.sound_tracks import CASES, SILENCE
from tests.worker.render.conftest import Studio

LENGTH = 0.5


async def _run_segments(studio: Studio, *segments: dict[str, Any], **params: Any) -> list[Path]:
    job = await studio.start(
        "segment_clips", {"segments": segments, "target_duration": 60, **params}
    )
    assert await studio.run(job) == "completed", (await studio.progress()).job_error
    return [studio.stored(clip.storage_path) for clip in studio.clips()]


async def test_each_segment_plays_the_sound_track_that_it_chooses(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(sound_tracks.make(tmp_path / "film.mkv", (SILENCE, 440, 880), default=(0,)))
    parts = [
        studio.segment("film", at * LENGTH, (at + 1) * LENGTH) | choice
        for at, choice in enumerate(({}, {"audio_track": 2}, {"audio_track": 0}))
    ]
    for part in parts:
        await _run_segments(studio, part)
    heard = [sound_tracks.pitch(studio.stored(clip.storage_path)) for clip in studio.clips()]
    assert heard == [440, 880, SILENCE]
    listed = [segment.audio_track for clip in studio.clips() for segment in clip.segments]
    assert listed == [1, 2, 0]


async def test_one_clip_joins_several_sound_tracks_of_one_source(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(sound_tracks.make(tmp_path / "film.mp4", (440, 880)))
    await _run_segments(
        studio,
        studio.segment("film", 0, LENGTH) | {"audio_track": 1},
        studio.segment("film", 1, 1 + LENGTH),
    )
    [clip] = studio.clips()
    assert [segment.audio_track for segment in clip.segments] == [1, 0]
    sound = sound_tracks.footage.samples(studio.stored(clip.storage_path))
    assert sound_tracks.pitch_of(sound[4800:19200]) == 880
    assert sound_tracks.pitch_of(sound[28800:43200]) == 440


async def test_a_muted_clip_lists_no_sound_track(studio: Studio, tmp_path: Path) -> None:
    studio.add(sound_tracks.make(tmp_path / "film.mp4", (440, 880)))
    segment = studio.segment("film", 0, 1) | {"audio_track": 1}
    [video] = await _run_segments(studio, segment, mute=True)
    assert sound_tracks.pitch(video) == SILENCE
    assert studio.clips()[0].segments[0].audio_track is None


@pytest.mark.parametrize(
    ("chosen", "heard", "number"), [({}, 440, 1), ({"audio_track": 2}, 880, 2)]
)
async def test_raw_clips_play_the_usual_or_the_chosen_sound_track(
    studio: Studio, tmp_path: Path, chosen: dict[str, int], heard: int, number: int
) -> None:
    studio.add(sound_tracks.make(tmp_path / "film.ts", (SILENCE, 440, 880)))
    source = str(studio.sources["film"])
    params = {"source_id": source, "variant_count": 1, "target_duration": 1.0, "seed": 1} | chosen
    assert await studio.run(await studio.start("raw_clips", params)) == "completed"
    [clip] = studio.clips()
    assert sound_tracks.pitch(studio.stored(clip.storage_path)) == heard
    assert {segment.audio_track for segment in clip.segments} == {number}


async def test_the_analysis_measures_the_sound_track_that_is_played(tmp_path: Path) -> None:
    film = sound_tracks.make(tmp_path / "film.mkv", (SILENCE, 440))
    facts = probe(film)
    loudness = [
        (await scenes.analyse(film, facts.model_copy(update={"audio_tracks": (track,)}), tmp_path))
        .moments[0]
        .loudness
        for track in facts.audio_tracks
    ]
    assert loudness[0] == SILENCE_LUFS < loudness[1]


@pytest.mark.parametrize("name", ["apac_first.mov", "obs_first_track_silent.mkv"])
async def test_raw_clips_of_what_people_have_are_not_silent(studio: Studio, name: str) -> None:
    studio.add(CASES / name)
    source = str(studio.sources[Path(name).stem])
    params = {"source_id": source, "variant_count": 1, "target_duration": 3.0, "seed": 1}
    assert await studio.run(await studio.start("raw_clips", params)) == "completed"
    [clip] = studio.clips()
    sound = sound_tracks.footage.samples(studio.stored(clip.storage_path))
    assert max(map(abs, sound)) > 1000


@pytest.mark.parametrize(
    ("since", "listed"), [(0, None), (0.9, 0)], ids=["throughout", "where it is cut"]
)
@pytest.mark.parametrize("choice", [{}, {"audio_track": 0}], ids=["usual", "chosen"])
async def test_damaged_sound_becomes_silence(
    studio: Studio, tmp_path: Path, since: float, listed: int | None, choice: dict[str, int]
) -> None:
    film = sound_tracks.make(tmp_path / "film.mp4", (440,))
    studio.add(sound_tracks.damage(film, 0, since=since))
    [video] = await _run_segments(studio, studio.segment("film", 1, 2) | choice)
    assert sound_tracks.pitch(video) == SILENCE
    assert studio.clips()[0].segments[0].audio_track == listed


async def test_a_video_whose_sound_is_damaged_throughout_gives_raw_clips(
    studio: Studio, tmp_path: Path
) -> None:
    studio.add(sound_tracks.damage(sound_tracks.make(tmp_path / "film.mp4", (440,)), 0))
    source = str(studio.sources["film"])
    params = {"source_id": source, "variant_count": 1, "target_duration": 1.0, "seed": 1}
    assert await studio.run(await studio.start("raw_clips", params)) == "completed"


@pytest.mark.parametrize(
    ("chosen", "code", "detail"),
    [
        (2, "unknown_audio_track", "The video has no sound track 2."),
        (0, "undecodable_audio_track", "Sound track 0 cannot be decoded: its codec is apac."),
    ],
)
async def test_a_track_that_the_file_does_not_have_fails_the_job_with_that_reason(
    studio: Studio, tmp_path: Path, chosen: int, code: str, detail: str
) -> None:
    """Only of a source that was confirmed before its tracks were listed: else the library refuses the request."""
    film = sound_tracks.make(tmp_path / "film.mp4", (440, 880))
    studio.add(sound_tracks.make_undecodable(film, 0))
    segment = studio.segment("film", 0, 1) | {"audio_track": chosen}
    job = await studio.start("segment_clips", {"segments": [segment], "target_duration": 60})
    assert await studio.run(job) == "failed"
    error = (await studio.progress()).job_error
    assert error is not None
    assert (error["code"], error["detail"].startswith(detail)) == (code, True)
