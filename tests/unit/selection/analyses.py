"""Analyses for the tests of the selection, and what a selection shows of one."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from pipeline.selection.analysis import Analysis, Moment, Scene
from pipeline.selection.moments import Selection

RATES = [Fraction(24), Fraction(30000, 1001), Fraction(60), Fraction(10)]
DARK, SILENT, STILL = 4, 2, 1


def analysis(
    lengths: Sequence[Sequence[int]],
    *,
    rate: Fraction = Fraction(24),
    first: int = 0,
    flaws: Mapping[int, int] | None = None,
) -> Analysis:
    """Scenes whose moments have these numbers of frames; `flaws` are flaws of moments, which are numbered through."""
    scenes: list[Scene] = []
    moments: list[Moment] = []
    frame = first
    for number, parts in enumerate(lengths):
        start = frame
        for part in parts:
            flaw = (flaws or {}).get(len(moments), 0)
            moments.append(_moment(number, frame, frame + part, flaw))
            frame += part
        dark = all(moment.dark for moment in moments if moment.scene == number)
        scenes.append(Scene(start_frame=start, end_frame=frame, dark=dark))
    return Analysis(frame_rate=rate, scenes=tuple(scenes), moments=tuple(moments))


def _moment(scene: int, start: int, end: int, flaw: int) -> Moment:
    score = float((start * 7919) % 101)
    return Moment(
        scene=scene,
        start_frame=start,
        end_frame=end,
        dark=bool(flaw & DARK),
        silent=bool(flaw & SILENT),
        still=bool(flaw & STILL),
        motion=score,
        sharpness=score,
        loudness=-score,
    )


def frames(analysed: Analysis, selection: Selection) -> list[set[int]]:
    """The frames of each segment. Asserts that segments consist of whole frames."""
    found: list[set[int]] = []
    for segment in selection:
        start, end = segment.start * analysed.frame_rate, segment.end * analysed.frame_rate
        assert float(start) == pytest.approx(round(start), abs=1e-6)
        assert float(end) == pytest.approx(round(end), abs=1e-6)
        found.append(set(range(round(start), round(end))))
    return found


def flawed(analysed: Analysis, selection: Selection) -> list[int]:
    """How many frames with each flaw a clip shows, the worst flaw first."""
    shown = set[int]().union(*frames(analysed, selection))
    counts = [0] * 8
    for moment in analysed.moments:
        counts[moment.flaw] += len(shown & set(range(moment.start_frame, moment.end_frame)))
    return counts[:0:-1]


def analyses(shortest_moment: int = 1) -> st.SearchStrategy[Analysis]:
    """Up to twelve scenes of up to five moments, with and without flaws."""
    return st.builds(
        analysis,
        st.lists(
            st.lists(st.integers(shortest_moment, 120), min_size=1, max_size=5),
            min_size=1,
            max_size=12,
        ),
        rate=st.sampled_from(RATES),
        first=st.integers(0, 3),
        flaws=st.dictionaries(st.integers(0, 30), st.integers(0, 7), max_size=12),
    )
