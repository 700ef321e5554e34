"""Finds dissolves: stretches in which one picture turns into another in a straight line. Does no I/O.

In a dissolve each pixel goes straight from its first value to its last one, as f(t) = (1 - a) * first + a * last. So
the pictures between are mixtures of the two ends, and all the steps together are about as long as the whole way.
Movement of the camera or in the picture takes detours: it is far longer than the distance that it covers, and its
pictures are no mixtures. Changing light is straight too, but its ends show the same picture, so they are correlated. A
cut makes one large step.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul, sub

from pipeline.selection.series import Miniatures, distance

WINDOWS = (
    4,
    6,
    9,
    13,
    18,
)  # lengths in miniatures: 0.5 s to 2.3 s; the middle of a longer one is found
MIN_DISTANCE = 6.0  # between the ends, of 255: two dark pictures differ by about 10
MIN_STRAIGHTNESS = 0.7  # distance of the ends divided by the length of the way
MAX_STEP = 0.5  # of the whole way; a cut makes it in one
MAX_RESIDUE = 0.3  # mean difference from a mixture, relative to the distance of the ends
# The same picture in another light correlates, but has another contrast. So unequal contrasts allow less correlation,
# and so do long windows, in which movement takes correlation away.
MAX_CORRELATION = 0.7
MAX_CORRELATION_LONG = 0.45
LONG_WINDOW = 13
MAX_UNEQUAL_CORRELATION = 0.3
EQUAL_CONTRASTS, UNEQUAL_CONTRASTS = 0.7, 0.5  # the lower one divided by the higher
# Change before and after, over half the length, relative to the distance of the ends. A short window inside a long
# movement looks like a dissolve; one inside a long dissolve is not needed, because a longer window shows it all.
MAX_OUTSIDE = 0.65
MAX_OUTSIDE_SHORT = 0.5
SHORT_WINDOW = 6
MIN_EVIDENCE = 0.075  # all four conditions together, each 1 for a perfect dissolve and 0 at worst
MAX_STEP_BACK = 0.08


@dataclass(frozen=True, kw_only=True, slots=True)
class Dissolve:
    """From `start` to `end`, in seconds; `middle` is where both pictures are equally strong."""

    start: float
    end: float
    middle: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    merit: float
    first: int
    last: int
    middle: int


def dissolves(pictures: Miniatures) -> list[Dissolve]:
    """The dissolves in order. They do not overlap."""
    taken: list[_Candidate] = []
    for candidate in sorted(_candidates(pictures), key=lambda one: -one.merit):
        if all(candidate.last <= one.first or one.last <= candidate.first for one in taken):
            taken.append(candidate)
    return [
        Dissolve(
            start=pictures.times[one.first],
            end=pictures.times[one.last],
            middle=pictures.times[one.middle],
        )
        for one in sorted(taken, key=lambda one: one.first)
    ]


def _candidates(pictures: Miniatures) -> Iterator[_Candidate]:
    steps = [0.0] + [
        distance(pictures[index - 1], pictures[index]) for index in range(1, len(pictures))
    ]
    way = list(accumulate(steps))
    for length in WINDOWS:
        for first in range(len(pictures) - length):
            last = first + length
            whole = way[last] - way[first]
            # Cheap conditions first: most windows are still, or a wild movement.
            if whole < MIN_DISTANCE or max(steps[first + 1 : last + 1]) > MAX_STEP * whole:
                continue
            apart = _apart(
                pictures[first], pictures[last], max(MIN_DISTANCE, MIN_STRAIGHTNESS * whole)
            )
            if not apart:
                continue
            candidate = _candidate(pictures, first, last, apart, apart / whole)
            if candidate:
                yield candidate


def _apart(one: bytes, other: bytes, least: float) -> float | None:
    """The distance of two pictures if it is at least `least`. A fifth of the pixels rules out most of the others."""
    if distance(one[::5], other[::5]) < least / 2:
        return None
    apart = distance(one, other)
    return apart if apart >= least else None


def _candidate(
    pictures: Miniatures, first: int, last: int, apart: float, straightness: float
) -> _Candidate | None:
    correlation, contrast_ratio = _compare(pictures[first], pictures[last])
    most = MAX_CORRELATION if last - first < LONG_WINDOW else MAX_CORRELATION_LONG
    if correlation > min(most, _max_correlation(contrast_ratio)):
        return None
    outside = _outside(pictures, first, last) / apart
    if outside > (MAX_OUTSIDE_SHORT if last - first <= SHORT_WINDOW else MAX_OUTSIDE):
        return None
    shares, residue = _mixture([pictures[index] for index in range(first, last + 1)])
    growth = [after - before for before, after in pairwise(shares)]
    if residue > MAX_RESIDUE * apart or max(growth) > MAX_STEP or min(growth) < -MAX_STEP_BACK:
        return None
    evidence = straightness * (1 - residue / apart) * (1 - correlation)
    if evidence * (1 - outside) < MIN_EVIDENCE:
        return None
    middle = min(range(len(shares)), key=lambda index: abs(shares[index] - 0.5))
    return _Candidate(merit=apart * evidence, first=first, last=last, middle=first + middle)


def _max_correlation(contrast_ratio: float) -> float:
    equal = (contrast_ratio - UNEQUAL_CONTRASTS) / (EQUAL_CONTRASTS - UNEQUAL_CONTRASTS)
    spread = MAX_CORRELATION - MAX_UNEQUAL_CORRELATION
    return MAX_UNEQUAL_CORRELATION + spread * min(1.0, max(0.0, equal))


def _compare(one: bytes, other: bytes) -> tuple[float, float]:
    """The correlation of two pictures, -1..1, and the ratio of their contrasts, 0..1."""
    count = len(one)
    product = count * sum(map(mul, one, other)) - sum(one) * sum(other)
    contrasts = [
        math.sqrt(count * sum(map(mul, picture, picture)) - sum(picture) ** 2)
        for picture in (one, other)
    ]
    low, high = sorted(contrasts)
    return (product / (low * high) if low else 0.0), (low / high if high else 1.0)


def _outside(pictures: Miniatures, first: int, last: int) -> float:
    """How much the picture changes before and after, in half as much time each: the larger of both."""
    half = (last - first) // 2
    before, after = max(0, first - half), min(len(pictures) - 1, last + half)
    return max(
        distance(pictures[before], pictures[first]), distance(pictures[last], pictures[after])
    )


def _mixture(window: Sequence[bytes]) -> tuple[list[float], float]:
    """The share of the last picture in each one, and the largest mean difference from such a mixture."""
    first = window[0]
    direction = list(map(sub, window[-1], first))
    length = sum(map(mul, direction, direction))
    shares, residue = list[float](), 0.0
    for picture in window:
        moved = list(map(sub, picture, first))
        share = sum(map(mul, moved, direction)) / length
        shares.append(share)
        off = sum(abs(m - share * d) for m, d in zip(moved, direction, strict=True)) / len(first)
        residue = max(residue, off)
    return shares, residue
