"""Chooses which moments of a source become which clip. Pure: numbers in, numbers out.

For each variant in turn, the best first:

1. Moments are taken by merit (movement, then sharpness, then loudness, each as a rank within the
   source) until the target is reached. A moment that earlier variants used counts for less, so
   variants differ as much as the source allows; black and fades count for almost nothing.
2. What is over the target is taken off the end of the clip's last moment, and only if that would
   become too short off others: so every cut but a few falls on a boundary that was found.
3. The moments are put in source order, and neighbours joined, so a clip tells things as they
   happened and never cuts where the source does not need it.

Where the sources are short:
- no longer than the target: every variant is the whole source, and all are the same;
- only a little longer, such as one scene of 3 s for clips of 2 s: variants that came out equal to
  an earlier one become the source from another starting point. They overlap, but none is twice the
  same while the source is longer than the target by a frame for each.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.analysis import Analysis, Moment

SHORTEST_SECONDS = 0.6  # a shorter picture is a flicker
REUSED = 0.25  # what a moment is still worth for each time it was used
JUMP = 0.7  # what a moment is worth beside a hole in its own scene, where the cut would jump
DARK = 0.01
VARIETY = 0.05  # how far the seed moves merits, which go from 0 to 1
WEIGHTS = {"motion": 0.5, "sharpness": 0.3, "loudness": 0.2}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Segment:
    """A part of the source, in seconds of its clock."""

    start: float
    end: float


Selection = tuple[Segment, ...]


# What a clip shows: runs of frames (first, first after), apart from each other, in source order.
_Runs = tuple[tuple[int, int], ...]


def choose(
    analysis: Analysis, variant_count: int, target_duration: float, seed: int
) -> list[Selection]:
    """The segments of each of `variant_count` clips, best clip first.

    The segments of a clip do not overlap and are in source order. Their lengths are whole frames at
    the analysis's frame rate and together `target_duration` seconds, rounded to a frame, or all
    there is where the source is shorter. The same arguments give the same answer everywhere.

    Raises:
        ValueError: `variant_count` is not 1 to 10, or the duration is shorter than a frame.

    """
    if not 1 <= variant_count <= 10:  # noqa: PLR2004
        raise ValueError(f"variant_count is 1 to 10, not {variant_count}")
    wanted = round(target_duration * analysis.frame_rate)
    if wanted < 1:
        raise ValueError(f"target_duration is at least a frame, not {target_duration}")
    merits = _merits(analysis.moments, random.Random(seed))  # noqa: S311  # not a secret
    used = [0.0] * len(merits)
    clips: list[_Runs] = []
    for _ in range(variant_count):
        clip = _take(analysis, wanted, [m * REUSED**u for m, u in zip(merits, used, strict=True)])
        if clip in clips:
            clip = _unlike(analysis, wanted, clips, variant_count)
        clips.append(clip)
        used = [u + _share(m, clip) for u, m in zip(used, analysis.moments, strict=True)]
    return [
        tuple(
            Segment(start=analysis.seconds(start), end=analysis.seconds(end)) for start, end in clip
        )
        for clip in clips
    ]


def _share(moment: Moment, clip: _Runs) -> float:
    """How much of a moment a clip shows: 0..1."""
    shown = (min(end, moment.end_frame) - max(start, moment.start_frame) for start, end in clip)
    return sum(max(0, frames) for frames in shown) / moment.frames


def _merits(moments: Sequence[Moment], dice: random.Random) -> list[float]:
    ranks = {name: _ranks([getattr(m, name) for m in moments]) for name in WEIGHTS}
    merits: list[float] = []
    for index, moment in enumerate(moments):
        merit = sum(weight * ranks[name][index] for name, weight in WEIGHTS.items())
        merit = 0.1 + 0.9 * merit + VARIETY * dice.random()
        merits.append(merit * DARK if moment.dark else merit)
    return merits


def _ranks(values: Sequence[float]) -> list[float]:
    """For each value the share of the others below it, equals counting half: 0..1."""
    others = max(1, len(values) - 1)
    ordered = sorted(values)
    return [
        (bisect_left(ordered, value) + bisect_right(ordered, value) - 1) / 2 / others
        for value in values
    ]


def _take(analysis: Analysis, wanted: int, merits: Sequence[float]) -> _Runs:
    """The best moments, `wanted` frames of them."""
    moments = analysis.moments
    taken: list[int] = []
    left = wanted
    while left > 0 and len(taken) < len(moments):
        best = max(
            (index for index in range(len(moments)) if index not in taken),
            key=lambda index: (_beside(moments, taken, index) * merits[index], -index),
        )
        taken.append(best)
        left -= moments[best].frames
    runs = _join((moments[index].start_frame, moments[index].end_frame) for index in sorted(taken))
    shortest = round(SHORTEST_SECONDS * analysis.frame_rate)
    return _shorten(runs, max(0, -left), shortest, moments[taken[-1]].start_frame)


def _beside(moments: Sequence[Moment], taken: Sequence[int], index: int) -> float:
    """JUMP if the clip has parts of this moment's scene already, but not the one before or after."""
    same = [other for other in taken if moments[other].scene == moments[index].scene]
    return JUMP if same and not {index - 1, index + 1} & set(same) else 1.0


def _join(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for start, end in parts:
        if runs and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _shorten(runs: Sequence[tuple[int, int]], excess: int, shortest: int, last_taken: int) -> _Runs:
    """Take `excess` frames off the ends of runs; the moment at `last_taken` is longer than that."""
    giving = next(run for run in runs if run[0] <= last_taken < run[1])
    off = dict.fromkeys(runs, 0)
    for run in (runs[-1], giving, *sorted(runs, key=lambda run: run[0] - run[1])):
        cut = max(0, min(excess, run[1] - run[0] - off[run] - shortest))
        off[run] += cut
        excess -= cut
    # All are as short as they may be: the one that was too much gives way.
    off[giving] += excess
    return tuple((start, end - off[start, end]) for start, end in runs)


def _unlike(analysis: Analysis, wanted: int, clips: Sequence[_Runs], variant_count: int) -> _Runs:
    """The source from a starting point that no clip has, far from the others; or else from any."""
    begin = analysis.moments[0].start_frame
    spare = analysis.moments[-1].end_frame - begin - wanted
    if spare <= 0:
        return clips[0]
    evenly = [spare * step // variant_count for step in range(variant_count, 0, -1)]
    windows = (
        ((begin + offset, begin + offset + wanted),)
        for offset in (*evenly, *range(min(spare, variant_count) + 1))
    )
    return next((window for window in windows if window not in clips), clips[0])
