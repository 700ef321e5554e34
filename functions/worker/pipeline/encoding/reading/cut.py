"""A part of a source that a clip shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from shared.media.probe import MediaFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A part of a source: the file, its facts, and `start` and `end` in seconds of its clock.

    It may lie after the end that the facts state: only decoding shows where the content really ends.
    """

    path: Path
    facts: MediaFacts
    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a cut runs forward from 0, not {self.start} to {self.end}")


def frame_counts(cuts: Sequence[Cut], rate: Fraction) -> tuple[int, ...]:
    """The number of frames of each cut, rounded so that the errors never add up over many cuts."""
    if not cuts:
        raise ValueError("a clip needs at least one cut")
    ends = [Fraction(0)]
    for cut in cuts:
        ends.append(ends[-1] + Fraction(cut.end) - Fraction(cut.start))
    end_frames = [round(end * rate) for end in ends]
    counts = tuple(after - before for before, after in pairwise(end_frames))
    if min(counts) < 1:
        raise ValueError(f"cut {counts.index(min(counts))} is shorter than a frame")
    return counts
