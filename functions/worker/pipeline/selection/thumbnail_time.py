"""Which moment of a clip its thumbnail shows. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.moments import Interval


def thumbnail_time(analysis: Analysis, selection: Sequence[Interval]) -> float:
    """The middle of the sharpest moment of a clip that is not black, in seconds of the source."""
    starts = [analysis.seconds(moment.start_frame) for moment in analysis.moments]
    candidates = [
        (moment, middle)
        for segment in selection
        # Looked up: a clip has up to fifty segments, and hours of short scenes many thousand moments.
        for moment in analysis.moments[_overlapping(starts, segment)]
        if (middle := _middle(analysis, moment, segment)) is not None
    ]
    if not candidates:
        return (selection[0].start + selection[0].end) / 2
    _, time = max(candidates, key=lambda pair: (not pair[0].dark, pair[0].sharpness))
    return time


def _overlapping(starts: Sequence[float], segment: Interval) -> slice:
    """Which of the moments, by where they begin, share time with a segment: they have no gaps."""
    return slice(max(0, bisect_right(starts, segment.start) - 1), bisect_left(starts, segment.end))


def _middle(analysis: Analysis, moment: Moment, segment: Interval) -> float | None:
    start = max(segment.start, analysis.seconds(moment.start_frame))
    end = min(segment.end, analysis.seconds(moment.end_frame))
    return (start + end) / 2 if end > start else None
