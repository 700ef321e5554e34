"""The parts of a source that a clip may use, at each level of flaws: the moments whose flaw is not above it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.selection.analysis import Analysis, Moment
from shared.job_params.segments import MAX_SEGMENTS

SHORTEST_SECONDS = 0.6  # a shorter picture is a flicker


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """Stretches of moments, in order: each a range of indexes of the analysis's moments, without a gap."""

    analysis: Analysis
    stretches: tuple[range, ...]

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The stretches as ranges of frames."""
        moments = self.analysis.moments
        return [(moments[s.start].start_frame, moments[s[-1]].end_frame) for s in self.stretches]

    @property
    def frames(self) -> int:
        """The length of all stretches together."""
        return sum(end - start for start, end in self.runs)


def shortest_frames(analysis: Analysis, wanted: int) -> int:
    """The length of the shortest run in a clip of `wanted` frames, unless the source has only shorter ones."""
    return min(wanted, round(SHORTEST_SECONDS * analysis.frame_rate))


def materials(analysis: Analysis, wanted: int) -> list[Material]:
    """The material of each level that is enough for `wanted` frames, fewest flaws first. The last one is the source."""
    levels = sorted({moment.flaw for moment in analysis.moments})
    limited = [_material(analysis, level, wanted) for level in levels[:-1]]
    whole = Material(analysis=analysis, stretches=(range(len(analysis.moments)),))
    return [*(material for material in limited if material.frames >= wanted), whole]


def _material(analysis: Analysis, level: int, wanted: int) -> Material:
    shortest = shortest_frames(analysis, wanted)
    usable = [part for part in _stretches(analysis.moments, level) if part[1] >= shortest]
    longest = sorted(usable, key=lambda part: -part[1])[:MAX_SEGMENTS]
    return Material(
        analysis=analysis,
        stretches=tuple(sorted((part for part, _ in longest), key=lambda part: part.start)),
    )


def _stretches(moments: Sequence[Moment], level: int) -> Iterator[tuple[range, int]]:
    """Neighbouring moments up to a level, with their length in frames."""
    for good, group in groupby(range(len(moments)), key=lambda index: moments[index].flaw <= level):
        if good:
            indexes = list(group)
            frames = moments[indexes[-1]].end_frame - moments[indexes[0]].start_frame
            yield range(indexes[0], indexes[-1] + 1), frames
