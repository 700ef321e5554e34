"""Cuts the material of a clip into pieces, and takes the best ones."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from pipeline.selection.analysis import Moment
from pipeline.selection.material import Material
from shared.job_params.segments import MAX_SEGMENTS

JUMP_FACTOR = 0.7  # factor for a moment inside a scene, where the cut would jump
OVERRUN_FACTOR = 0.1  # factor for a scene after which no single part could be shortened enough
LONG_SCENE_RATIO = 1.5  # a scene this many times as long as the clip is taken moment by moment


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A scene, as far as its flaw is the same, or one moment of it. In frames; `end` is exclusive."""

    start: int
    end: int
    whole: bool
    flaw: int
    score: float

    @property
    def frames(self) -> int:
        """The piece's length."""
        return self.end - self.start


def best_pieces(
    material: Material, scores: Sequence[float], wanted: int, shortest: int
) -> list[Piece] | None:
    """The best pieces that are `wanted` frames or more, in the order in which they were taken.

    Pieces with a worse flaw follow when those with a better one are used up. None if a clip may not have so many.
    """
    pieces = _pieces(material, scores, wanted)
    pieces = _without_slivers(pieces, shortest)
    taken = _take(pieces, wanted, shortest)
    if len(taken) > MAX_SEGMENTS:
        taken = _take(_merge_short(pieces, -(-wanted // MAX_SEGMENTS)), wanted, shortest)
    return taken if len(taken) <= MAX_SEGMENTS else None


def _pieces(material: Material, scores: Sequence[float], wanted: int) -> list[Piece]:
    moments = material.analysis.moments
    pieces: list[Piece] = []
    for stretch in material.stretches:
        for _, group in groupby(
            stretch, key=lambda index: (moments[index].scene, moments[index].flaw)
        ):
            parts = [_piece(moments[index], scores[index]) for index in group]
            piece = _merge(parts, whole=True)
            pieces += [piece] if piece.frames <= LONG_SCENE_RATIO * wanted else parts
    return pieces


def _piece(moment: Moment, score: float) -> Piece:
    return Piece(
        start=moment.start_frame,
        end=moment.end_frame,
        whole=False,
        flaw=moment.flaw,
        score=score,
    )


def _merge(parts: Sequence[Piece], *, whole: bool) -> Piece:
    """Pieces that touch, as one."""
    frames = sum(part.frames for part in parts)
    return Piece(
        start=parts[0].start,
        end=parts[-1].end,
        whole=whole,
        flaw=max(part.flaw for part in parts),
        score=sum(part.frames * part.score for part in parts) / frames,
    )


def _without_slivers(pieces: Sequence[Piece], shortest: int) -> list[Piece]:
    """The pieces, with each that would be a flicker joined to a neighbour of the same flaw that it touches."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and _fits(joined[-1], piece) and min(joined[-1].frames, piece.frames) < shortest:
            joined[-1] = _merge([joined[-1], piece], whole=joined[-1].whole and piece.whole)
        else:
            joined.append(piece)
    return joined


def _fits(before: Piece, after: Piece) -> bool:
    return before.end == after.start and before.flaw == after.flaw


def _merge_short(pieces: Sequence[Piece], min_frames: int) -> list[Piece]:
    """Touching pieces joined until each has at least `min_frames` frames, if it has enough neighbours."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and _fits(groups[-1][-1], piece) and _frames(groups[-1]) < min_frames:
            groups[-1].append(piece)
        else:
            groups.append([piece])
    if (
        len(groups) > 1
        and _frames(groups[-1]) < min_frames
        and _fits(groups[-2][-1], groups[-1][0])
    ):
        rest = groups.pop()
        groups[-1] += rest
    return [_merge(group, whole=all(piece.whole for piece in group)) for group in groups]


def _frames(pieces: Sequence[Piece]) -> int:
    return sum(piece.frames for piece in pieces)


def _take(pieces: Sequence[Piece], wanted: int, shortest: int) -> list[Piece]:
    """The best pieces, in the order of their merit, up to one more than a clip may have."""
    pieces, taken = list(pieces), list[Piece]()
    edges: set[int] = set()
    left, longest = wanted, 0
    while left > 0 and pieces and len(taken) <= MAX_SEGMENTS:
        merits = [_merit(piece, edges, longest, left, shortest) for piece in pieces]
        best = pieces.pop(merits.index(max(merits)))
        taken.append(best)
        edges |= {best.start, best.end}
        left, longest = left - best.frames, max(longest, best.frames)
    return taken


def _merit(
    piece: Piece, edges: Set[int], longest: int, left: int, shortest: int
) -> tuple[int, bool, float]:
    """How good a piece is while `left` frames are still missing: first by its flaw, at last by its score.

    `edges` are the boundaries of the pieces taken, `longest` is the length of the longest one.
    """
    excess = piece.frames - left
    overruns = excess > 0 and max(piece.frames, longest) - excess < shortest
    touches = piece.start in edges or piece.end in edges
    jumps = not piece.whole and not touches
    score = piece.score * (JUMP_FACTOR if jumps else 1) * (OVERRUN_FACTOR if overruns else 1)
    # A flawed piece only fills up: next to what is shown already, it is not one more part.
    return -piece.flaw, touches and piece.flaw > 0, score
