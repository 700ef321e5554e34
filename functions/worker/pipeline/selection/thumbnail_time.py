"""Chooses the moment of a clip that its thumbnail shows. Does no I/O."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from pipeline.selection.analysis import Analysis, Moment
from pipeline.selection.moments import Interval


def thumbnail_time(analysis: Analysis, selection: Sequence[Interval]) -> float:
    """The middle of the clip's sharpest moment that is not black, in seconds of the source."""
    starts = [analysis.seconds(moment.start_frame) for moment in analysis.moments]
    candidates = [
        (moment, middle)
        for segment in selection
        # By binary search: a clip has up to fifty segments, and hours of short scenes have thousands of moments.
        for moment in analysis.moments[_overlapping(starts, segment)]
        if (middle := _middle(analysis, moment, segment)) is not None
    ]
    if not candidates:
        return (selection[0].start + selection[0].end) / 2
    _, time = max(candidates, key=lambda pair: (not pair[0].dark, pair[0].sharpness))
    return time


def _overlapping(starts: Sequence[float], segment: Interval) -> slice:
    """The moments that overlap a segment, from the times at which they start. Moments have no gaps."""
    return slice(max(0, bisect_right(starts, segment.start) - 1), bisect_left(starts, segment.end))


def _middle(analysis: Analysis, moment: Moment, segment: Interval) -> float | None:
    start = max(segment.start, analysis.seconds(moment.start_frame))
    end = min(segment.end, analysis.seconds(moment.end_frame))
    return (start + end) / 2 if end > start else None
