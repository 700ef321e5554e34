"""Shortens a clip to its target where it is worst: at the start or the end of one of its parts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from pipeline.selection.analysis import Analysis
from shared.job_params.segments import MAX_SEGMENTS

# What a clip shows: ranges of frames (first, end exclusive) that do not touch, in source order.
Run = tuple[int, int]
Runs = tuple[Run, ...]


class Merits:
    """How good any range of frames is: its flaws, and the sum of its moments' scores. Found in logarithmic time."""

    def __init__(self, analysis: Analysis, scores: Sequence[float]) -> None:
        moments = analysis.moments
        self._starts = [moment.start_frame for moment in moments]
        self._scores = scores
        self._flaws = [moment.flaw for moment in moments]
        self._score_before = [
            0.0,
            *accumulate(m.frames * score for m, score in zip(moments, scores, strict=True)),
        ]
        self._levels = sorted(set(self._flaws) - {0}, reverse=True)
        self._flawed_before = {
            level: [0, *accumulate(m.frames * (m.flaw == level) for m in moments)]
            for level in self._levels
        }

    def flawed(self, runs: Iterable[Run]) -> tuple[int, ...]:
        """The numbers of frames with each flaw, the worst flaw first."""
        runs = list(runs)
        return tuple(
            sum(
                self._flawed_until(level, end) - self._flawed_until(level, start)
                for start, end in runs
            )
            for level in self._levels
        )

    def loss(self, run: Run) -> tuple[tuple[int, ...], float]:
        """What a clip loses with a run, to be minimised: as many flawed frames and as little score as can be."""
        return tuple(-frames for frames in self.flawed([run])), self.score(run)

    def score(self, run: Run) -> float:
        """The sum of the scores of a run's frames, rounded, so that equal runs are equal."""
        return round(self._score_until(run[1]) - self._score_until(run[0]), 6)

    def _flawed_until(self, level: int, frame: int) -> int:
        index = self._index(frame)
        rest = (frame - self._starts[index]) * (self._flaws[index] == level)
        return self._flawed_before[level][index] + rest

    def _score_until(self, frame: int) -> float:
        index = self._index(frame)
        return self._score_before[index] + (frame - self._starts[index]) * self._scores[index]

    def _index(self, frame: int) -> int:
        return max(0, bisect_right(self._starts, frame) - 1)


def join(parts: Iterable[Run]) -> list[Run]:
    """Join parts in source order into runs: parts that touch become one."""
    runs: list[Run] = []
    for start, end in parts:
        if runs and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def shorten(
    analysis: Analysis, merits: Merits, parts: Sequence[Run], excess: int, shortest: int
) -> Runs:
    """Join `parts`, which are in source order, and remove the `excess` frames that are missed least.

    They are cut off one end of a run or of a part, so that no run becomes shorter than `shortest` frames. Among
    these ends, first those where most flawed frames go, then those where no new gap opens and no scene is left with a
    flicker; then the one with the lowest score.
    """
    runs = join(parts)
    if excess == 0:
        return tuple(runs)
    starts = [scene.start_frame for scene in analysis.scenes]

    def loss(removed: Run) -> tuple[tuple[int, ...], int, bool, float]:
        kept = _without(runs, removed)
        flickers = any(_flickers(starts, run, shortest) for run in kept if run not in runs)
        gaps = max(0, len(kept) - len(runs))
        flawed, score = merits.loss(removed)
        return flawed, gaps, flickers, score

    possible = [
        removed
        for removed in dict.fromkeys(_ends([*reversed(runs), *reversed(parts)], excess))
        if _is_possible(_without(runs, removed), shortest)
    ]
    if possible:
        return tuple(_without(runs, min(possible, key=loss)))
    return _shorten_several(merits, runs, excess, shortest)


def _ends(parts: Iterable[Run], excess: int) -> Iterator[Run]:
    """The last and the first `excess` frames of each part that is longer than that."""
    for start, end in parts:
        if end - start > excess:
            yield end - excess, end
            yield start, start + excess


def _without(runs: Sequence[Run], removed: Run) -> list[Run]:
    """The runs without frames that lie within one of them."""
    first, last = removed
    kept: list[Run] = []
    for start, end in runs:
        if start <= first and last <= end:
            kept += [run for run in ((start, first), (last, end)) if run[0] < run[1]]
        else:
            kept.append((start, end))
    return kept


def _is_possible(runs: Sequence[Run], shortest: int) -> bool:
    return len(runs) <= MAX_SEGMENTS and all(end - start >= shortest for start, end in runs)


def _flickers(starts: Sequence[int], run: Run, shortest: int) -> bool:
    """Whether a run shows too little of its first or last scene, though it shows more than one."""
    cuts = starts[bisect_right(starts, run[0]) : bisect_left(starts, run[1])]
    return bool(cuts) and min(cuts[0] - run[0], run[1] - cuts[-1]) < shortest


def _shorten_several(merits: Merits, runs: Sequence[Run], excess: int, shortest: int) -> Runs:
    """Cut the runs to their minimum, the longest first, each at its worse end; then the longest below it."""
    shortened = list(runs)
    for floor in (shortest, 1):
        for run in sorted(shortened, key=lambda run: run[0] - run[1]):
            frames = max(0, min(excess, run[1] - run[0] - floor))
            if frames:
                cut = min(_ends([run], frames), key=merits.loss)
                shortened[shortened.index(run)] = _without([run], cut)[0]
                excess -= frames
    return tuple(shortened)
