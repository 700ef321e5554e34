"""Chooses which moments of a source each clip shows. Does no I/O.

What is flawed is the last choice. A moment may be dark, silent or still (`Moment.flaw` has their order), and a clip
uses moments with a flaw only if there is not enough without it: it takes all others, and fills up with as little as
possible of the least flawed. So a source that is dark, silent or still throughout has its clips too.

For each variant in turn, the best first:

1. Scenes are taken by the score of their moments (motion, then sharpness, then loudness, each as a
   rank within the source) until the target is reached. A moment that earlier variants used scores
   lower, so variants differ as much as the source allows.
   A scene is taken whole, as far as its flaw is the same. Only one much longer than the target is taken moment by
   moment, and its moments get a penalty, because the clip has to jump into the scene.
2. The frames above the target are cut off one part, at its start or its end: where the most flawed frames go, or else
   the lowest scores. So a clip of scenes that are not much longer than the target shows all of them whole but one.
   Where every part would become too short to be worth showing, several are shortened.
   A clip has at most MAX_SEGMENTS parts, because each has a decoder of its own. Scenes too short
   for that limit are taken together with the scenes after them.
3. The parts are put in source order, and adjacent ones joined. So a clip keeps the order of events
   and has no unnecessary cuts.

A variant that equals an earlier one is chosen again, as if its moments had been used once more. One that still does
becomes a window of the material from another starting point. Windows that start or end with a scene come first. They
overlap, but no two are the same while the source is longer than the target by at least one frame per variant. Only when
there is no other window either, a variant may use material with the next worse flaw.

If the source is no longer than the target, every variant is the whole source, so all are the same.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.material import Material, materials, shortest_frames
from pipeline.selection.pieces import best_pieces
from pipeline.selection.shortening import Merits, Runs, shorten
from pipeline.selection.windows import window

REUSE_FACTOR = 0.25  # factor on a moment's score for each time it was used
MAX_RETRIES = 4  # of a selection equal to an earlier variant; then a window is used
SEED_NOISE = 0.05  # how much the seed changes scores, which range from 0 to 1
WEIGHTS = {"motion": 0.5, "sharpness": 0.3, "loudness": 0.2}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Interval:
    """A time interval of the source, in seconds of its clock."""

    start: float
    end: float


Selection = tuple[Interval, ...]


def choose(
    analysis: Analysis, variant_count: int, target_duration: float, seed: int
) -> list[Selection]:
    """The segments of each of `variant_count` clips, best clip first.

    The segments of a clip do not overlap and are in source order. Their lengths are whole frames at
    the analysis's frame rate. Together they last `target_duration` seconds, rounded to a frame, or
    as long as a shorter source. The same arguments give the same result on every machine.

    Raises:
        ValueError: `variant_count` is not 1 to 10, or the duration is shorter than a frame.

    """
    if not 1 <= variant_count <= 10:  # noqa: PLR2004
        raise ValueError(f"variant_count is 1 to 10, not {variant_count}")
    wanted = round(target_duration * analysis.frame_rate)
    if wanted < 1:
        raise ValueError(f"target_duration is at least a frame, not {target_duration}")
    scores = _moment_scores(analysis.moments, random.Random(seed))  # noqa: S311  # not a secret
    levels = materials(analysis, wanted)
    used = [0.0] * len(scores)
    clips: list[Runs] = []
    for _ in range(variant_count):
        clip = _new_clip(levels, wanted, scores, used, clips, variant_count=variant_count)
        clips.append(clip)
        used = _count_use(analysis, used, clip)
    return [
        tuple(
            Interval(start=analysis.seconds(start), end=analysis.seconds(end))
            for start, end in clip
        )
        for clip in clips
    ]


def _new_clip(
    levels: Sequence[Material],
    wanted: int,
    scores: Sequence[float],
    used: Sequence[float],
    clips: Sequence[Runs],
    *,
    variant_count: int,
) -> Runs:
    """The best clip that is not in `clips`, with the fewest flaws; without one, the first clip again."""
    for material in levels:
        merits = Merits(material.analysis, scores)
        clip = _best_new_clip(material, wanted, scores, used, clips)
        clip = clip or window(material, merits, wanted, clips, variant_count)
        if clip is not None:
            return clip
    return clips[0]


def _best_new_clip(
    material: Material,
    wanted: int,
    scores: Sequence[float],
    used: Sequence[float],
    clips: Sequence[Runs],
) -> Runs | None:
    """The best selection of pieces that is not in `clips`, or None if none was found."""
    for _ in range(1 + MAX_RETRIES):
        reduced = [score * REUSE_FACTOR**times for score, times in zip(scores, used, strict=True)]
        clip = _best_runs(material, wanted, reduced)
        if clip is None or clip not in clips:
            return clip
        used = _count_use(material.analysis, used, clip)
    return None


def _count_use(analysis: Analysis, used: Sequence[float], clip: Runs) -> list[float]:
    """How often each moment was used, including its use in `clip`."""
    return [u + _shown_fraction(m, clip) for u, m in zip(used, analysis.moments, strict=True)]


def _shown_fraction(moment: Moment, clip: Runs) -> float:
    """The fraction of a moment that a clip shows, 0..1."""
    shown = (min(end, moment.end_frame) - max(start, moment.start_frame) for start, end in clip)
    return sum(max(0, frames) for frames in shown) / moment.frames


def _moment_scores(moments: Sequence[Moment], rng: random.Random) -> list[float]:
    ranks = {name: _ranks([getattr(m, name) for m in moments]) for name in WEIGHTS}
    scores: list[float] = []
    for index in range(len(moments)):
        score = sum(weight * ranks[name][index] for name, weight in WEIGHTS.items())
        scores.append(0.1 + 0.9 * score + SEED_NOISE * rng.random())
    return scores


def _ranks(values: Sequence[float]) -> list[float]:
    """For each value the fraction of the other values below it, 0..1; an equal value counts half."""
    others = max(1, len(values) - 1)
    ordered = sorted(values)
    return [
        (bisect_left(ordered, value) + bisect_right(ordered, value) - 1) / 2 / others
        for value in values
    ]


def _best_runs(material: Material, wanted: int, scores: Sequence[float]) -> Runs | None:
    """The best pieces, shortened to `wanted` frames together; None if they are too many for a clip."""
    analysis = material.analysis
    shortest = shortest_frames(analysis, wanted)
    taken = best_pieces(material, scores, wanted, shortest)
    if taken is None:
        return None
    parts = sorted((piece.start, piece.end) for piece in taken)
    excess = max(0, sum(piece.frames for piece in taken) - wanted)
    return shorten(analysis, Merits(analysis, scores), parts, excess, shortest)
