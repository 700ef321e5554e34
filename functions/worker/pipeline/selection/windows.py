"""Windows of a source: clips that differ from all earlier ones where no other selection of pieces does."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

from pipeline.selection.material import Material, shortest_frames
from pipeline.selection.shortening import Merits, Run, Runs, join
from shared.job_params.segments import MAX_SEGMENTS


def window(
    material: Material, merits: Merits, wanted: int, clips: Sequence[Runs], variant_count: int
) -> Runs | None:
    """A window of the material that no clip shows: with as few flaws as can be, and no flicker. None if there is none.

    Among equals, windows that start or end with a scene come first, then those at equal distances.
    """
    slack = material.frames - wanted
    if slack <= 0:
        return None
    shortest = shortest_frames(material.analysis, wanted)
    scenes = list(_scene_offsets(material))
    offsets = (
        *(start for start in scenes if start <= slack),
        *(start - wanted for start in scenes if start >= wanted),
        *(slack * step // variant_count for step in range(variant_count, 0, -1)),
        *range(0, slack + 1, shortest),
    )
    # That differ by a frame: only if nothing else is left.
    close = range(min(slack, variant_count) + 1)
    return _best(material, merits, wanted, clips, offsets) or _best(
        material, merits, wanted, clips, close
    )


def _best(
    material: Material, merits: Merits, wanted: int, clips: Sequence[Runs], offsets: Iterable[int]
) -> Runs | None:
    shortest = shortest_frames(material.analysis, wanted)
    runs = material.runs
    windows = (_window(runs, offset, wanted) for offset in dict.fromkeys(offsets))
    return min(
        (clip for clip in windows if clip not in clips and len(clip) <= MAX_SEGMENTS),
        key=lambda clip: (merits.flawed(clip), any(end - start < shortest for start, end in clip)),
        default=None,
    )


def _scene_offsets(material: Material) -> Iterable[int]:
    """Where scenes and stretches start, in frames of the material as if its stretches touched; the last one first."""
    moments = material.analysis.moments
    offsets, before = list[int](), 0
    for stretch in material.stretches:
        first = moments[stretch.start].start_frame
        for index in stretch:
            if index == stretch.start or moments[index].scene != moments[index - 1].scene:
                offsets.append(before + moments[index].start_frame - first)
        before += moments[stretch[-1]].end_frame - first
    return reversed(offsets)


def _window(runs: Sequence[Run], offset: int, wanted: int) -> Runs:
    """`wanted` frames of the runs, from `offset` on, as if the runs touched."""
    ends = list(accumulate(end - start for start, end in runs))
    parts = (
        (start + max(0, offset - before), end - max(0, after - offset - wanted))
        for (start, end), before, after in zip(runs, [0, *ends], ends, strict=False)
    )
    return tuple(join((start, end) for start, end in parts if start < end))
