"""Clips from chosen segments: the request, the problems of its segments, and the selection for each variant.

    SegmentsParams -> check_segments (against the project's sources) -> select (no I/O, seeded) -> one tuple per variant

The library checks the segments before a job starts, and the worker selects when it runs. Times are seconds.
"""

import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from pydantic import ConfigDict, Field

from shared.job_params.audio_track import DESCRIPTION, AudioTrackNumber, track_problem
from shared.job_params.canvas import MAX_FRAME_RATE, MIN_FRAME_RATE, CanvasOptions
from shared.job_params.json_types import MAX_SEED, Flag, Integer, Number, Seed
from shared.jobs.records import Segment, Source
from shared.media.facts import TrackCode

SelectionMode = Literal["sequential", "random", "weighted"]
Code = (
    Literal[
        "unknown_source", "source_not_ready", "out_of_range", "reversed", "too_short", "overlap"
    ]
    | TrackCode
)

MAX_SEGMENTS = 50
"""Each segment has its own decoder while the clip is encoded: about 25 MB at 1080p, 55 MB at 4K."""


RANGE_TOLERANCE_SECONDS = 0.01
"""Players and parsers disagree about the end of a file, and a segment may end there by any of them."""

ROUNDING_SECONDS = 0.001
"""Times have a resolution of one millisecond."""

_USUAL_FRAME_RATE = 30.0
_MAX_DRAWS = 50


class SegmentRequest(Segment):
    """A part of a source, from `start` to `end` in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Number
    end: Number
    audio_track: AudioTrackNumber | None = Field(
        default=None, exclude_if=lambda value: value is None, description=DESCRIPTION
    )


class SegmentsParams(CanvasOptions):
    """The segments, and how to make clips from them. These are also the job's params.

    `sequential` plays the segments in the given order. The variants start at different segments and wrap around.
    `random` plays them in an order drawn for each variant.
    `weighted` plays longer segments before shorter ones. Variant 1 has the longest segments. The other variants draw
    theirs: a segment twice as long is twice as likely to be drawn next.

    A variant ends when `target_duration` is reached; its last segment is shortened to fit. If all segments together are
    shorter, a variant plays them all, and weighted variants are identical. The same `seed` selects the same segments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    segments: tuple[SegmentRequest, ...] = Field(min_length=1, max_length=MAX_SEGMENTS)
    selection_mode: SelectionMode = "sequential"
    target_duration: Number = Field(ge=0.5, le=600)
    variant_count: Integer = Field(default=1, ge=1, le=10)
    seed: Seed = Field(default_factory=lambda: secrets.randbelow(MAX_SEED))
    mute: Flag = False


@dataclass(frozen=True, kw_only=True)
class SegmentProblem:
    """Why the segment at `index` (from 0) cannot be used. `detail` is for the user."""

    index: int
    code: Code
    detail: str


def check_segments(params: SegmentsParams, sources: Sequence[Source]) -> list[SegmentProblem]:
    """The problems of the segments, in their order, at most one per segment.

    `sources` are the project's sources, at least those that the segments refer to.
    """
    known = {source.id: source for source in sources}
    problems = list[SegmentProblem]()
    for index, segment in enumerate(params.segments):
        problem = _check_alone(index, segment, known.get(segment.source_id), params.frame_rate)
        problem = problem or _check_overlap(index, params.segments)
        problem = problem or _check_sound(index, segment, known[segment.source_id])
        if problem:
            problems.append(problem)
    return problems


def _check_alone(
    index: int, segment: Segment, source: Source | None, frame_rate: float | None
) -> SegmentProblem | None:
    if source is None:
        return _problem(index, "unknown_source", "refers to a source that is not in this project")
    if source.status != "ready":
        return _problem(index, "source_not_ready", "refers to a source that has not been confirmed")
    end = source.duration_seconds or 0.0  # of the picture, as the probe measured it
    if segment.start < 0 or segment.end > end + RANGE_TOLERANCE_SECONDS:
        return _problem(
            index, "out_of_range", f"is outside its source, whose picture ends at {end:.3f} seconds"
        )
    if segment.end < segment.start:
        return _problem(index, "reversed", "ends before it starts")
    rate = min(max(source.frame_rate or _USUAL_FRAME_RATE, MIN_FRAME_RATE), MAX_FRAME_RATE)
    frame = 1 / (frame_rate or rate)
    if segment.duration_seconds < frame - ROUNDING_SECONDS:
        return _problem(index, "too_short", f"is shorter than one frame ({frame:.3f} seconds)")
    return None


def _check_overlap(index: int, segments: Sequence[Segment]) -> SegmentProblem | None:
    """Of two overlapping segments the later one has the problem. Segments that only touch do not overlap."""
    segment = segments[index]
    for earlier, other in enumerate(segments[:index]):
        shared = min(segment.end, other.end) - max(segment.start, other.start)
        if segment.source_id == other.source_id and shared > ROUNDING_SECONDS:
            return _problem(index, "overlap", f"overlaps segment {earlier} of the same source")
    return None


def _check_sound(index: int, segment: Segment, source: Source) -> SegmentProblem | None:
    problem = track_problem(segment.audio_track, source.audio_tracks)
    if problem is None:
        return None
    code, detail = problem
    return SegmentProblem(index=index, code=code, detail=f"Segment {index}: {detail}")


def _problem(index: int, code: Code, what: str) -> SegmentProblem:
    return SegmentProblem(index=index, code=code, detail=f"Segment {index} {what}.")


def select(params: SegmentsParams) -> tuple[tuple[Segment, ...], ...]:
    """The segments of each variant, in the order they play.

    A variant never plays a segment twice. Variants differ as long as their mode allows it.
    """
    selections = list[tuple[Segment, ...]]()
    for variant in range(params.variant_count):
        drawn = (_fill(order, params.target_duration) for order in _orders(params, variant))
        first = next(drawn)
        unused = (selection for selection in (first, *drawn) if selection not in selections)
        selections.append(next(unused, first))
    return tuple(selections)


def _orders(params: SegmentsParams, variant: int) -> Iterator[tuple[Segment, ...]]:
    """The orders in which a variant may play the segments until it reaches its target, the preferred one first."""
    segments = params.segments
    if params.selection_mode == "sequential":
        step = max(1, len(segments) // params.variant_count)
        first_index = variant * step % len(segments)
        yield segments[first_index:] + segments[:first_index]
        return
    # Python promises the same numbers in every version for random() only.
    random = Random(f"{params.seed}/{variant}")  # noqa: S311 - not a secret
    for draw in range(_MAX_DRAWS):
        drawn = [random.random() for _ in segments]
        if params.selection_mode == "random":
            keys = [(0.0, number) for number in drawn]
        else:
            longest = variant == 0 and draw == 0
            keys = [_weighted(*pair, longest=longest) for pair in zip(segments, drawn, strict=True)]
        order = sorted(range(len(segments)), key=keys.__getitem__)
        playing = tuple(segments[index] for index in order)
        weighted = params.selection_mode == "weighted"
        yield _longest_first(playing, params.target_duration) if weighted else playing


def _longest_first(drawn: Sequence[Segment], target: float) -> tuple[Segment, ...]:
    """The segments drawn until the target was reached, the longest first."""
    enough = drawn[: len(_fill(drawn, target))]
    return tuple(sorted(enough, key=lambda segment: -segment.duration_seconds))


def _weighted(segment: Segment, drawn: float, *, longest: bool) -> tuple[float, float]:
    """A sort key that puts longer segments first: always, or with a probability proportional to their length.

    Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006), in its logarithmic form.
    """
    duration = segment.duration_seconds
    return (-duration, drawn) if longest else (0.0, -math.log1p(-drawn) / duration)


def _fill(order: Sequence[Segment], target: float) -> tuple[Segment, ...]:
    """The first segments of `order` up to the target, the last one shortened to fit."""
    chosen, left = list[Segment](), target
    for segment in order:
        if left <= ROUNDING_SECONDS:
            break
        length = min(segment.duration_seconds, left)
        fits = length == segment.duration_seconds
        chosen.append(
            segment if fits else segment.model_copy(update={"end": segment.start + length})
        )
        left -= length
    return tuple(chosen)
