"""Scores marks against the known edits of the footage, and against the marks on which the peers agree."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.scenes.corpus import Footage

TOLERANCE = 2  # frames


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many edits there are and were found, how many marks were made, and how many of them are right."""

    there: int = 0
    found: int = 0
    marks: int = 0
    right: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(
            there=self.there + other.there,
            found=self.found + other.found,
            marks=self.marks + other.marks,
            right=self.right + other.right,
        )

    @property
    def recall(self) -> float:
        """The found share of the edits."""
        return self.found / self.there if self.there else 1.0

    @property
    def precision(self) -> float:
        """The right share of the marks."""
        return self.right / self.marks if self.marks else 1.0


def cuts(footage: Footage, marks: Sequence[int]) -> Score:
    """Marks near dissolves and fades count neither as right nor as wrong."""
    soft = [*footage.dissolves, *footage.free]
    judged = [
        mark for mark in marks if not any(_near(mark, one.start, one.end - 1) for one in soft)
    ]
    found = sum(any(_near(mark, cut, cut) for mark in judged) for cut in footage.cuts)
    right = sum(any(_near(mark, cut, cut) for cut in footage.cuts) for mark in judged)
    return Score(there=len(footage.cuts), found=found, marks=len(judged), right=right)


def dissolves(footage: Footage, marks: Sequence[int]) -> Score:
    """The dissolves with a mark inside. All marks count as right: wrong ones are among the cuts'."""
    found = sum(
        any(_near(mark, one.start, one.end - 1) for mark in marks) for one in footage.dissolves
    )
    return Score(there=len(footage.dissolves), found=found)


def agreed(one: Sequence[int], other: Sequence[int], marks: Sequence[int]) -> Score:
    """How many of the marks on which the two peers agree are among `marks`."""
    both = [mark for mark in one if any(_near(mark, second, second) for second in other)]
    found = sum(any(_near(mark, agreed_on, agreed_on) for mark in marks) for agreed_on in both)
    return Score(there=len(both), found=found)


def _near(mark: int, first: int, last: int) -> bool:
    return first - TOLERANCE <= mark <= last + TOLERANCE
