"""The comparison of scene detection makes its footage, and its scores count what they say."""

from pathlib import Path

from bench.scenes import score
from bench.scenes.corpus import Dissolve, Footage

EDITED = Footage(
    name="edited",
    path=Path(),
    cuts=(50, 100),
    dissolves=(Dissolve(start=200, end=224),),
    free=(Dissolve(start=300, end=320),),
)


def test_a_cut_is_found_within_two_frames() -> None:
    assert score.cuts(EDITED, [52, 103]) == score.Score(there=2, found=1, marks=2, right=1)


def test_marks_in_dissolves_and_fades_are_no_false_cuts() -> None:
    marks = [50, 100, 199, 212, 310]
    assert score.cuts(EDITED, marks) == score.Score(there=2, found=2, marks=2, right=2)
    assert score.dissolves(EDITED, marks).found == 1
    assert score.dissolves(EDITED, [50, 230]).found == 0


def test_only_marks_on_which_both_detectors_agree_count_as_agreed() -> None:
    assert score.agreed([10, 50, 90], [11, 91, 140], [90]) == score.Score(there=2, found=1)
