"""The selection of moments keeps its guarantees for every source, length, variant count and seed."""

from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.selection.analysis import Analysis
from pipeline.selection.moments import Interval, Selection, choose
from shared.job_params.segments import MAX_SEGMENTS
from tests.unit.selection.analyses import DARK, analyses
from tests.unit.selection.analyses import analysis as _analysis
from tests.unit.selection.analyses import frames as _frames


def _inside_scenes(analysis: Analysis, selection: Selection) -> list[int]:
    """The ends of segments that lie inside a scene."""
    boundaries = {analysis.scenes[-1].end_frame, *(s.start_frame for s in analysis.scenes)}
    ends = [end for part in _frames(analysis, selection) for end in (min(part), max(part) + 1)]
    return [end for end in ends if end not in boundaries]


counts = st.integers(1, 10)
durations = st.floats(0.2, 60)
seeds = st.integers(0, 2**63)


@given(analyses(), counts, durations, seeds)
@settings(max_examples=150, deadline=None)
def test_every_clip_has_the_target_length_or_the_whole_source(
    analysis: Analysis, count: int, duration: float, seed: int
) -> None:
    there = sum(moment.frames for moment in analysis.moments)
    wanted = min(there, round(duration * analysis.frame_rate))
    for selection in choose(analysis, count, duration, seed):
        assert sum(map(len, _frames(analysis, selection))) == wanted


@given(analyses(), counts, durations, seeds)
@settings(max_examples=150, deadline=None)
def test_a_clip_shows_no_moment_twice_and_keeps_the_sources_order(
    analysis: Analysis, count: int, duration: float, seed: int
) -> None:
    first, last = analysis.moments[0].start_frame, analysis.moments[-1].end_frame
    for selection in choose(analysis, count, duration, seed):
        segments = _frames(analysis, selection)
        assert all(segments)
        assert all(max(before) + 1 < min(after) for before, after in pairwise(segments))
        assert first <= min(segments[0])
        assert max(segments[-1]) < last


@given(analyses(), counts, durations, seeds)
@settings(max_examples=75, deadline=None)
def test_the_same_request_gives_the_same_clips(
    analysis: Analysis, count: int, duration: float, seed: int
) -> None:
    clips = choose(analysis, count, duration, seed)
    assert clips == choose(analysis, count, duration, seed)
    assert len(clips) == count


@given(analyses(), counts, durations, seeds)
@settings(max_examples=150, deadline=None)
@example(_analysis([[72]]), 10, 2.0, 1)
def test_clips_differ_while_the_source_has_a_frame_to_spare_for_each(
    analysis: Analysis, count: int, duration: float, seed: int
) -> None:
    there = sum(moment.frames for moment in analysis.moments)
    spare = there - round(duration * analysis.frame_rate)
    clips = choose(analysis, count, duration, seed)
    if spare >= count:
        assert len(set(clips)) == count
    elif spare <= 0:
        assert len(set(clips)) == 1


@given(analyses(), durations, seeds)
@settings(max_examples=100, deadline=None)
def test_only_one_place_of_the_best_clip_is_cut_inside_a_moment(
    analysis: Analysis, duration: float, seed: int
) -> None:
    """Its segments start and end with moments, but for the one that is shortened, unless all would become too short."""
    edges = {moment.start_frame for moment in analysis.moments} | {analysis.moments[-1].end_frame}
    segments = _frames(analysis, choose(analysis, 1, duration, seed)[0])
    inside = [e for part in segments for e in (min(part), max(part) + 1) if e not in edges]
    shortest = round(0.6 * analysis.frame_rate)
    assert len(inside) <= 1 or min(map(len, segments)) <= shortest


@pytest.mark.parametrize("target", [4.1, 5.0, 6.5, 7.5, 10.0, 12.4])
def test_scenes_that_fit_are_shown_whole_except_one_end(target: float) -> None:
    """Scenes of 1.5 to 6 s, the long ones with several moments, for up to six clips."""
    lengths = [36, 48, 60, 72, 96, 120, 144, 48, 84, 60, 132, 40]
    analysis = _analysis([[length // 2, length - length // 2] for length in lengths])
    for seed in range(20):
        for clip in choose(analysis, 6, target, seed):
            assert len(_inside_scenes(analysis, clip)) <= 1


@pytest.mark.parametrize("target", [5.0, 8.0, 14.0])
def test_of_a_scene_longer_than_the_clip_the_best_part_is_shown(target: float) -> None:
    """The clip must cut inside that scene; other scenes may be whole."""
    analysis = _analysis([[60] * 8, [48], [60] * 6, [60], [48]])
    for clip in choose(analysis, 1, target, 3):
        shown = sum(map(len, _frames(analysis, clip)))
        assert shown == round(target * 24)
    assert choose(_analysis([[60] * 8]), 1, 5.0, 3)[0][0].end % 2.5 == 0


def test_no_part_ends_with_a_flicker_of_its_last_scene_if_another_part_can_be_shortened() -> None:
    """Adjacent scenes are one part, and a shortened part must not end just after one of its scenes starts."""
    analysis = _analysis([[36], [48], [40], [72], [44], [52], [60], [33]])
    clips = [choose(analysis, 1, tenths / 10, 1)[0] for tenths in range(64, 69)]
    for clip in (clip for clip in clips if len(clip) > 1):
        for end in _inside_scenes(analysis, clip):
            assert min(end - s.start_frame for s in analysis.scenes if s.start_frame < end) >= 14


def test_clips_differ_by_whole_scenes_while_there_are_other_sets_of_them() -> None:
    analysis = _analysis([[48]] * 6)
    clips = choose(analysis, 6, 6.0, seed=2)
    assert len(set(clips)) == 6
    assert all(not _inside_scenes(analysis, clip) for clip in clips)


def test_with_enough_material_no_two_clips_share_a_frame() -> None:
    analysis = _analysis([[48]] * 40)
    clips = choose(analysis, 5, 8.0, seed=3)
    shown = [set[int]().union(*_frames(analysis, clip)) for clip in clips]
    assert all(not one & other for one, other in combinations(shown, 2))


def test_the_best_clip_has_the_best_moments() -> None:
    analysis = _analysis([[48]] * 20)
    best = sorted(analysis.moments, key=lambda moment: moment.motion)[-3:]
    chosen = _frames(analysis, choose(analysis, 1, 6.0, seed=0)[0])
    assert {moment.start_frame for moment in best} <= set[int]().union(*chosen)


def test_black_is_shown_only_when_there_is_nothing_else() -> None:
    analysis = _analysis([[48], [48], [48], [48]], flaws={1: DARK})
    black = set(range(48, 96))
    for clip in choose(analysis, 3, 6.0, seed=1)[:1]:
        assert not black & set[int]().union(*_frames(analysis, clip))
    assert choose(analysis, 1, 8.0, seed=1) == [(Interval(start=0.0, end=8.0),)]


def test_no_segment_is_a_flicker() -> None:
    analysis = _analysis([[40]] * 20)
    for clip in choose(analysis, 10, 6.8, seed=5):
        assert min(len(segment) for segment in _frames(analysis, clip)) >= 14


def test_another_seed_may_select_other_moments() -> None:
    analysis = _analysis([[48]] * 60)
    assert len({choose(analysis, 3, 20.0, seed)[0] for seed in range(10)}) > 1


@pytest.mark.parametrize("count", [0, 11])
def test_the_number_of_variants_is_one_to_ten(count: int) -> None:
    with pytest.raises(ValueError, match=f"variant_count is 1 to 10, not {count}"):
        choose(_analysis([[48]]), count, 2.0, 0)


def test_a_clip_has_at_least_a_frame() -> None:
    with pytest.raises(ValueError, match="at least a frame"):
        choose(_analysis([[48]]), 1, 0.001, 0)


@pytest.mark.parametrize("scenes", [[[48]] * 1800, [[10]] * 9000, [[60] * 1400]])
def test_a_clip_has_no_more_parts_than_can_be_decoded_at_once(scenes: list[list[int]]) -> None:
    """An hour of short scenes, or of a single one, for a clip of ten minutes."""
    for clip in choose(_analysis(scenes), 3, 600, 1):
        assert sum(part.end - part.start for part in clip) == pytest.approx(600)
        assert len(clip) <= MAX_SEGMENTS


def test_scenes_are_taken_together_only_if_there_are_too_many() -> None:
    analysis = _analysis([[48], [2400]] * 60)
    clip = choose(analysis, 1, 96, 1)[0]
    assert {round(part.end - part.start) for part in clip} <= {2, 4, 6, 96, 100}
