"""Chooses which moments of a source each clip shows. Does no I/O.

For each variant in turn, the best first:

1. Scenes are taken by the score of their moments (motion, then sharpness, then loudness, each as a
   rank within the source) until the target is reached. A moment that earlier variants used scores
   lower, so variants differ as much as the source allows. Black and fades score almost nothing.
   A scene is taken whole. Only one much longer than the target is taken moment by moment, and its
   moments get a penalty, because the clip has to jump into the scene.
2. The frames above the target are cut off the end of one part: the clip's last part if it is long
   enough, otherwise the part taken last, otherwise the longest. So a clip of scenes that are not
   much longer than the target shows all of them whole but one. Where every part would become too
   short to be worth showing, several are shortened.
   A clip has at most MAX_SEGMENTS parts, because each has a decoder of its own. Scenes too short
   for that limit are taken together with the scenes after them.
3. The parts are put in source order, and adjacent ones joined. So a clip keeps the order of events
   and has no unnecessary cuts.

A variant that equals an earlier one is chosen again, as if its moments had been used once more.

Short sources:
- No longer than the target: every variant is the whole source, so all are the same.
- Only a little longer, such as one scene of 3 s for clips of 2 s: a variant that still equals an
  earlier one becomes a window of the source from another starting point. Windows that start or end
  with a scene come first. They overlap, but no two are the same while the source is longer than the
  target by at least one frame per variant.
"""

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.shortening import SHORTEST_SECONDS, Runs, join, shorten
from shared.job_params.segments import MAX_SEGMENTS

REUSE_FACTOR = 0.25  # factor on a moment's score for each time it was used
JUMP_FACTOR = 0.7  # factor for a moment inside a scene, where the cut would jump
OVERRUN_FACTOR = 0.1  # factor for a scene after which no single part could be shortened enough
LONG_SCENE_RATIO = 1.5  # a scene this many times as long as the clip is taken moment by moment
DARK_FACTOR = 0.01
MAX_RETRIES = 4  # of a selection equal to an earlier variant; then a window is used
SEED_NOISE = 0.05  # how much the seed changes scores, which range from 0 to 1
WEIGHTS = {"motion": 0.5, "sharpness": 0.3, "loudness": 0.2}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Interval:
    """A time interval of the source, in seconds of its clock."""

    start: float
    end: float


Selection = tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A whole scene or a part of one, in frames; `end` is exclusive."""

    start: int
    end: int
    frames: int
    whole: bool
    score: float


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
    used = [0.0] * len(scores)
    clips: list[Runs] = []
    for _ in range(variant_count):
        clip = _best_new_clip(analysis, wanted, scores, used, clips)
        clip = clip or _window(analysis, wanted, clips, variant_count)
        clips.append(clip)
        used = _count_use(analysis, used, clip)
    return [
        tuple(
            Interval(start=analysis.seconds(start), end=analysis.seconds(end))
            for start, end in clip
        )
        for clip in clips
    ]


def _best_new_clip(
    analysis: Analysis,
    wanted: int,
    scores: Sequence[float],
    used: Sequence[float],
    clips: Sequence[Runs],
) -> Runs | None:
    """The best clip that is not in `clips`, or None if none was found."""
    for _ in range(1 + MAX_RETRIES):
        reduced = [score * REUSE_FACTOR**times for score, times in zip(scores, used, strict=True)]
        clip = _best_runs(analysis, wanted, reduced)
        if clip not in clips:
            return clip
        used = _count_use(analysis, used, clip)
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
    for index, moment in enumerate(moments):
        score = sum(weight * ranks[name][index] for name, weight in WEIGHTS.items())
        score = 0.1 + 0.9 * score + SEED_NOISE * rng.random()
        scores.append(score * DARK_FACTOR if moment.dark else score)
    return scores


def _ranks(values: Sequence[float]) -> list[float]:
    """For each value the fraction of the other values below it, 0..1; an equal value counts half."""
    others = max(1, len(values) - 1)
    ordered = sorted(values)
    return [
        (bisect_left(ordered, value) + bisect_right(ordered, value) - 1) / 2 / others
        for value in values
    ]


def _best_runs(analysis: Analysis, wanted: int, scores: Sequence[float]) -> Runs:
    """The best scenes, shortened to `wanted` frames together."""
    shortest = round(SHORTEST_SECONDS * analysis.frame_rate)
    pieces = _pieces(analysis.moments, scores, wanted)
    taken = _best_pieces(pieces, wanted, shortest)
    if len(taken) > MAX_SEGMENTS:
        taken = _best_pieces(_merge_short(pieces, -(-wanted // MAX_SEGMENTS)), wanted, shortest)
    runs = join(sorted((piece.start, piece.end) for piece in taken))
    excess = max(0, sum(piece.frames for piece in taken) - wanted)
    return shorten(analysis, runs, excess, taken[-1].start)


def _best_pieces(pieces: Sequence[Piece], wanted: int, shortest: int) -> list[Piece]:
    """The best pieces, in the order of their score, up to one more than a clip may have."""
    pieces, taken = list(pieces), list[Piece]()
    ends: set[int] = set()
    left, longest = wanted, 0
    while left > 0 and pieces and len(taken) <= MAX_SEGMENTS:
        scores = [_penalized_score(piece, ends, longest, left, shortest) for piece in pieces]
        best = pieces.pop(scores.index(max(scores)))
        taken.append(best)
        ends |= {best.start, best.end}
        left, longest = left - best.frames, max(longest, best.frames)
    return taken


def _merge_short(pieces: Sequence[Piece], min_frames: int) -> list[Piece]:
    """Adjacent pieces joined until each has at least `min_frames` frames."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        if sum(part.frames for part in groups[-1]) >= min_frames:
            groups.append([])
        groups[-1].append(piece)
    if len(groups) > 1 and sum(part.frames for part in groups[-1]) < min_frames:
        rest = groups.pop()
        groups[-1] += rest
    return [_merge(group) for group in groups]


def _merge(parts: Sequence[Piece]) -> Piece:
    frames = sum(part.frames for part in parts)
    return Piece(
        start=parts[0].start,
        end=parts[-1].end,
        frames=frames,
        whole=all(part.whole for part in parts),
        score=sum(part.frames * part.score for part in parts) / frames,
    )


def _pieces(moments: Sequence[Moment], scores: Sequence[float], wanted: int) -> list[Piece]:
    """The scenes; one much longer than `wanted` frames is replaced by its moments."""
    pieces: list[Piece] = []
    pairs = zip(moments, scores, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0].scene):
        parts = list(group)
        start, end = parts[0][0].start_frame, parts[-1][0].end_frame
        frames = end - start
        if frames <= LONG_SCENE_RATIO * wanted:
            score = sum(moment.frames * score for moment, score in parts) / frames
            pieces.append(Piece(start=start, end=end, frames=frames, whole=True, score=score))
        else:
            pieces += [_piece(moment, score) for moment, score in parts]
    return pieces


def _piece(moment: Moment, score: float) -> Piece:
    start, end = moment.start_frame, moment.end_frame
    return Piece(start=start, end=end, frames=end - start, whole=False, score=score)


def _penalized_score(piece: Piece, ends: Set[int], longest: int, left: int, shortest: int) -> float:
    """The score of a piece, with its penalties, while `left` frames are still missing.

    `ends` are the boundaries of the pieces taken, `longest` is the length of the longest one.
    """
    excess = piece.frames - left
    overruns = excess > 0 and max(piece.frames, longest) - excess < shortest
    jumps = not piece.whole and piece.start not in ends and piece.end not in ends
    return piece.score * (JUMP_FACTOR if jumps else 1) * (OVERRUN_FACTOR if overruns else 1)


def _window(analysis: Analysis, wanted: int, clips: Sequence[Runs], variant_count: int) -> Runs:
    """A window of the source that no clip shows, far from the others; otherwise the first clip again."""
    begin, end = analysis.moments[0].start_frame, analysis.moments[-1].end_frame
    slack = end - begin - wanted
    if slack <= 0:
        return clips[0]
    scenes = [scene.start_frame - begin for scene in reversed(analysis.scenes)]
    evenly = [slack * step // variant_count for step in range(variant_count, 0, -1)]
    offsets = (
        *(start for start in scenes if start <= slack),
        *(start - wanted for start in scenes if start >= wanted),
        *evenly,
        *range(min(slack, variant_count) + 1),
    )
    windows = (((begin + offset, begin + offset + wanted),) for offset in offsets)
    return next((window for window in windows if window not in clips), clips[0])
