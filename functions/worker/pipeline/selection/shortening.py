"""Shortens a clip to its target so that as few of its parts as possible end inside a scene."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pipeline.selection.analysis import Analysis

SHORTEST_SECONDS = 0.6  # a shorter picture is a flicker

# What a clip shows: ranges of frames (first, end exclusive) that do not touch, in source order.
Runs = tuple[tuple[int, int], ...]


def join(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join parts in source order into runs: parts that touch become one."""
    runs: list[tuple[int, int]] = []
    for start, end in parts:
        if runs and runs[-1][1] == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def shorten(
    analysis: Analysis, runs: Sequence[tuple[int, int]], excess: int, last_taken: int
) -> Runs:
    """Cut `excess` frames off the end of one run. The piece that starts at `last_taken` is longer than that."""
    shortest = round(SHORTEST_SECONDS * analysis.frame_rate)
    last_taken_run = next(run for run in runs if run[0] <= last_taken < run[1])
    candidates = (runs[-1], last_taken_run, *sorted(runs, key=lambda run: run[0] - run[1]))
    long_enough = [run for run in candidates if run[1] - run[0] - excess >= shortest]
    clean = (run for run in long_enough if not _flickers(analysis, run[1] - excess, shortest))
    shortened = next(clean, next(iter(long_enough), None))
    if shortened is None:
        return _shorten_several(runs, candidates, excess, shortest)
    return tuple((start, end - excess * ((start, end) == shortened)) for start, end in runs)


def _flickers(analysis: Analysis, end: int, shortest: int) -> bool:
    """Whether a run that ends at `end` shows too little of its last scene."""
    starts = [scene.start_frame for scene in analysis.scenes]
    return 0 < end - starts[bisect_right(starts, end) - 1] < shortest


def _shorten_several(
    runs: Sequence[tuple[int, int]],
    candidates: Sequence[tuple[int, int]],
    excess: int,
    shortest: int,
) -> Runs:
    removed = dict.fromkeys(runs, 0)
    for run in candidates:
        frames = max(0, min(excess, run[1] - run[0] - removed[run] - shortest))
        removed[run] += frames
        excess -= frames
    # All are at the minimum: the run with the piece taken last loses the rest.
    removed[candidates[1]] += excess
    return tuple((start, end - removed[start, end]) for start, end in runs)
