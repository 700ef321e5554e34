"""What of a real file is dark, still or silent is found, and the clips leave it out."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.selection.analysis import Analysis
from pipeline.selection.moments import Selection, choose
from pipeline.selection.scenes import analyse
from shared.media.probe import probe
from tests.support.media import footage
from tests.support.media.kinds import X264

ACTION = "mandelbrot=size=320x180:rate=24"
SILENCE = ["-f", "lavfi", "-i", "anullsrc=sample_rate=44100"]


async def _analysed(path: Path, tmp_path: Path) -> Analysis:
    return await analyse(path, probe(path), tmp_path)


def _joined(path: Path, pictures: Sequence[str], sound: str, *, seconds: Sequence[float]) -> Path:
    """A video of these sources, one after the other, with the sound `sound` made of input 0, a tone."""
    inputs, graph = footage.tone(sum(seconds)), ""
    for index, (picture, length) in enumerate(zip(pictures, seconds, strict=True), 1):
        inputs += ["-f", "lavfi", "-t", str(length), "-i", picture]
        graph += f"[{index}]setsar=1,format=yuv420p[v{index}];"
    pads = "".join(f"[v{index}]" for index in range(1, len(pictures) + 1))
    graph += f"{pads}concat=n={len(pictures)}[v];[0]{sound}[a]"
    footage.make(
        *(*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *X264, "-c:a", "aac"),
        str(path),
    )
    return path


def _shown(clip: Selection) -> tuple[float, float]:
    """The start and the end of a clip with one segment."""
    (segment,) = clip
    return segment.start, segment.end


async def test_a_black_leader_is_left_out_as_far_as_possible(tmp_path: Path) -> None:
    black = "color=black:size=320x180:rate=24"
    path = _joined(tmp_path / "leader.mp4", [black, ACTION], "anull", seconds=(4, 12))
    clip = choose(await _analysed(path, tmp_path), 1, 13, 1)[0]
    assert _shown(clip) == (pytest.approx(3, abs=0.05), pytest.approx(16, abs=0.05))


async def test_a_still_title_is_chosen_after_the_action(tmp_path: Path) -> None:
    """Also one with noise, whose every frame differs from the one before."""
    title = "smptebars=size=320x180:rate=24,noise=alls=12:allf=t:all_seed=1"
    path = _joined(tmp_path / "title.mp4", [title, ACTION, title], "anull", seconds=(3, 6, 3))
    analysis = await _analysed(path, tmp_path)
    still = [m for m in analysis.moments if m.still]
    assert {(m.start_frame >= 216 or m.end_frame <= 72) for m in still} == {True}
    assert sum(m.frames for m in still) == pytest.approx(144, abs=6)
    for clip in choose(analysis, 3, 3, 1):
        assert all(part.start >= 3 - 0.1 and part.end <= 9 + 0.1 for part in clip)


async def test_a_small_movement_that_comes_back_is_not_still(tmp_path: Path) -> None:
    """Such as the mouth of someone who talks: after a second it may be where it was."""
    path = tmp_path / "talk.mp4"
    face = ["-f", "lavfi", "-t", "6", "-i", "smptebars=size=320x180:rate=24"]
    mouth = ["-f", "lavfi", "-t", "6", "-i", "color=black:size=24x12:rate=24"]
    graph = "[0][1]overlay=x=150:y='100+6*sin(2*PI*3*t)':eval=frame,format=yuv420p"
    footage.make(*face, *mouth, "-filter_complex", graph, *X264, str(path))
    analysis = await _analysed(path, tmp_path)
    assert {moment.still for moment in analysis.moments} == {False}


async def test_sound_that_ends_before_the_picture_is_followed_by_silence(tmp_path: Path) -> None:
    path = _joined(tmp_path / "early.mp4", [ACTION], "atrim=end=5", seconds=(12,))
    analysis = await _analysed(path, tmp_path)
    silent = [moment for moment in analysis.moments if moment.silent]
    assert analysis.seconds(silent[0].start_frame) == pytest.approx(5, abs=0.2)
    assert silent[-1] is analysis.moments[-1]
    assert _shown(choose(analysis, 1, 4, 1)[0])[1] <= 5.2


async def test_silence_within_the_sound_is_found(tmp_path: Path) -> None:
    mute = "volume=0:enable='between(t,2,4)+between(t,7,7.6)'"
    path = _joined(tmp_path / "pause.mp4", [ACTION], mute, seconds=(9,))
    analysis = await _analysed(path, tmp_path)
    silent = [m for m in analysis.moments if m.silent]
    assert [analysis.seconds(silent[0].start_frame), analysis.seconds(silent[-1].end_frame)] == [
        pytest.approx(2, abs=0.2),
        pytest.approx(4, abs=0.2),
    ]


async def test_a_source_without_any_merit_has_its_clips(tmp_path: Path) -> None:
    black = "color=black:size=320x180:rate=24"
    path = _joined(tmp_path / "nothing.mp4", [black], "volume=0", seconds=(6,))
    analysis = await _analysed(path, tmp_path)
    assert {moment.flaw for moment in analysis.moments} == {7}
    assert len(set(choose(analysis, 3, 2, 1))) == 3


async def test_the_sound_track_in_use_is_the_one_that_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "tracks.mkv"
    inputs = [*footage.pattern(3, rate=24), *SILENCE, *footage.tone(3)]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a"]
    footage.make(*inputs, *maps, *X264, "-c:a", "aac", "-t", "3", str(path))
    facts = probe(path)
    silent: list[set[bool]] = []
    for track in facts.audio_tracks:
        heard = facts.model_copy(update={"audio_tracks": (track,)})
        analysis = await analyse(path, heard, tmp_path)
        silent.append({moment.silent for moment in analysis.moments})
    assert silent == [{True}, {False}]
