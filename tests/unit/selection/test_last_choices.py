"""Dark, silent and still moments are shown only where there is not enough without, and then as little as can be."""

from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.moments import Interval, choose
from shared.job_params.segments import MAX_SEGMENTS
from tests.unit.selection.analyses import DARK, SILENT, STILL, analyses, analysis, flawed

durations = st.floats(0.2, 60)
seeds = st.integers(0, 2**63)


def _usable(analysed: Analysis, level: int, wanted: int) -> int:
    """The frames in stretches up to a level of flaws that are long enough to be a part of a clip."""
    shortest = min(wanted, round(0.6 * analysed.frame_rate))
    lengths = [
        sum(moment.frames for moment in group)
        for good, group in groupby(analysed.moments, key=lambda moment: moment.flaw <= level)
        if good
    ]
    return sum(sorted((n for n in lengths if n >= shortest), reverse=True)[:MAX_SEGMENTS])


@given(analyses(), durations, seeds)
@settings(max_examples=80, deadline=None)
def test_the_best_clip_shows_no_flaw_worse_than_it_must(
    analysed: Analysis, duration: float, seed: int
) -> None:
    wanted = round(duration * analysed.frame_rate)
    clip = choose(analysed, 1, duration, seed)[0]
    counts = flawed(analysed, clip)
    for level in range(7):
        if _usable(analysed, level, wanted) >= wanted:
            assert not any(counts[: 7 - level])


@given(analyses(), st.integers(1, 10), durations, seeds)
@settings(max_examples=60, deadline=None)
def test_no_variant_shows_a_flaw_while_there_are_windows_without_for_all(
    analysed: Analysis, count: int, duration: float, seed: int
) -> None:
    wanted = round(duration * analysed.frame_rate)
    assume(_usable(analysed, 0, wanted) >= wanted + count)
    for clip in choose(analysed, count, duration, seed):
        assert not any(flawed(analysed, clip))


@given(analyses(shortest_moment=36), st.sampled_from([DARK, SILENT, STILL]), durations, seeds)
@settings(max_examples=60, deadline=None)
def test_of_one_flaw_the_best_clip_shows_as_little_as_can_be(
    analysed: Analysis, flaw: int, duration: float, seed: int
) -> None:
    lengths = [
        [m.frames for m in group] for _, group in groupby(analysed.moments, key=lambda m: m.scene)
    ]
    flaws = {index: flaw for index, m in enumerate(analysed.moments) if m.flaw}
    analysed = analysis(lengths, rate=analysed.frame_rate, flaws=flaws)
    there = sum(moment.frames for moment in analysed.moments)
    wanted = min(there, round(duration * analysed.frame_rate))
    clean = sum(moment.frames for moment in analysed.moments if not moment.flaw)
    clip = choose(analysed, 1, duration, seed)[0]
    assert sum(flawed(analysed, clip)) == max(0, wanted - clean)


@pytest.mark.parametrize("flaw", [DARK, SILENT, STILL, DARK | SILENT | STILL])
def test_a_leader_is_shortened_at_its_start(flaw: int) -> None:
    """Four seconds of leader and twelve of footage, for thirteen seconds."""
    source = analysis([[96], [96, 96, 96]], flaws={0: flaw})
    assert choose(source, 1, 13, 1) == [(Interval(start=3.0, end=16.0),)]


@pytest.mark.parametrize("flaw", [DARK, SILENT, STILL])
def test_a_trailer_is_shortened_at_its_end(flaw: int) -> None:
    source = analysis([[96, 96, 96], [96]], flaws={3: flaw})
    assert choose(source, 1, 13, 1) == [(Interval(start=0.0, end=13.0),)]


def test_a_gap_in_the_middle_is_shortened_and_the_footage_around_it_stays() -> None:
    source = analysis([[144], [96], [144]], flaws={1: DARK})
    (clip,) = choose(source, 1, 13, 1)
    assert [(part.start, part.end) for part in clip] in ([(0, 7), (10, 16)], [(0, 6), (9, 16)])


def _scored(moment: Moment, score: float) -> Moment:
    return replace(moment, motion=score, sharpness=score, loudness=score)


def test_a_scene_is_shortened_at_the_end_with_less_merit() -> None:
    """Of a scene a little longer than the clip, the calm start is left out, or the calm end."""
    scores = {0: 2.0, 60: 90.0, 120: 80.0}
    for calm_at, expected in ((0, (0.5, 7.5)), (120, (0.0, 7.0))):
        source = analysis([[60, 60, 60]])
        moments = tuple(
            _scored(
                moment, 1.0 if moment.start_frame == calm_at else 50 + scores[moment.start_frame]
            )
            for moment in source.moments
        )
        source = Analysis(frame_rate=Fraction(24), scenes=source.scenes, moments=moments)
        assert choose(source, 1, 7, 1) == [(Interval(start=expected[0], end=expected[1]),)]


def test_half_of_a_second_is_not_black_while_there_is_a_second_without() -> None:
    source = analysis([[12], [12], [30], [12], [14]], flaws={0: DARK, 3: DARK})
    for clip in choose(source, 5, 1, 3):
        assert not any(flawed(source, clip))


def test_still_is_shown_before_silent_and_silent_before_dark() -> None:
    source = analysis([[48], [48], [48], [48]], flaws={0: DARK, 1: SILENT, 2: STILL})
    shown = [choose(source, 1, seconds, 1)[0] for seconds in (2, 4, 6, 8)]
    assert [(clip[0].start, clip[-1].end) for clip in shown] == [(6, 8), (4, 8), (2, 8), (0, 8)]


@pytest.mark.parametrize("flaw", [DARK, SILENT, STILL])
def test_a_source_that_has_a_flaw_throughout_has_its_clips(flaw: int) -> None:
    flaws = dict.fromkeys(range(20), flaw)
    clips = choose(analysis([[48]] * 20, flaws=flaws), 3, 8, 1)
    assert len(set(clips)) == 3
    assert all(sum(part.end - part.start for part in clip) == pytest.approx(8) for clip in clips)


def test_variants_that_must_show_a_flaw_differ_by_more_than_a_frame() -> None:
    """Eight seconds with sound and sixteen without, for three clips of eight."""
    source = analysis([[48] * 4, [48] * 8], flaws=dict.fromkeys(range(4, 12), SILENT))
    clips = choose(source, 3, 8, 1)
    assert clips[0] == (Interval(start=0, end=8),)
    starts = sorted(clip[0].start for clip in clips)
    assert min(later - earlier for earlier, later in pairwise(starts)) > 0.5
    assert all(flawed(source, clip)[5] < 8 * 24 / 2 for clip in clips)
