"""Finds the stretches of a source that a clip shows only as a last choice: silent and still ones. Does no I/O.

Dark ones, the third kind, come from `boundaries`, because a fade also separates scenes.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.selection.series import Miniatures, Series, differences

SHORTEST_FLAW_SECONDS = 1.0  # a shorter pause belongs to what is said or shown around it

SILENT_LUFS = -60.0  # momentary; a quiet room is louder
# ebur128 reports every 0.1 s the loudness of the 0.4 s that end 0.1 s after the reported time.
_STEP_SECONDS = 0.1
_WINDOW_SECONDS = 0.4

STILL_SECONDS = 1.0
# Over that time, of 255. Noise and coding move a still miniature's pixels by up to 6, and a small movement in the
# picture moves one by 20. A pixel of a miniature is the mean of a large area.
STILL_PIXEL = 6
STILL_MEAN = 1.5


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Stretch:
    """A time interval in seconds."""

    start: float
    end: float


def silent(loudness: Series, start: float, end: float) -> list[Stretch]:
    """The stretches from `start` to `end` without sound, also where there are no measurements."""
    heard = _heard(loudness)
    edges = [start, *(edge for stretch in heard for edge in (stretch.start, stretch.end)), end]
    gaps = (Stretch(start=a, end=min(b, end)) for a, b in zip(edges[::2], edges[1::2], strict=True))
    return [gap for gap in gaps if gap.end - gap.start >= SHORTEST_FLAW_SECONDS]


def _heard(loudness: Series) -> list[Stretch]:
    """The stretches with sound. Their ends are exact to about a tenth of a second."""
    sounding = [
        time
        for time, value in zip(loudness.times, loudness.values, strict=True)
        if value > SILENT_LUFS
    ]
    stretches = _joined(Stretch(start=time, end=time + 2 * _STEP_SECONDS) for time in sounding)
    heard: list[Stretch] = []
    for stretch in stretches:
        last = stretch.end - 2 * _STEP_SECONDS
        # The last window only starts with sound, unless it is where the measurements end.
        goes_on = bisect_right(loudness.times, last + 1e-6) < len(loudness.times)
        end = last - _WINDOW_SECONDS + 2 * _STEP_SECONDS if goes_on else last + _STEP_SECONDS
        heard.append(Stretch(start=stretch.start, end=max(end, stretch.start + _STEP_SECONDS)))
    return heard


def still(pictures: Miniatures, end: float) -> list[Stretch]:
    """The stretches in which the picture does not change. The last picture is on screen until `end`."""
    times = [*pictures.times, end]
    return _joined(
        Stretch(start=times[index], end=until)
        for index in range(len(pictures))
        if (until := _still_until(pictures, index, times)) is not None
    )


def _still_until(pictures: Miniatures, index: int, times: list[float]) -> float | None:
    """The end of a still second that starts with a picture, or None if the second is not still."""
    if times[index + 1] - times[index] >= STILL_SECONDS:
        return times[index + 1]
    later = pictures.first_from(times[index] + STILL_SECONDS)
    if times[later] - times[index] < STILL_SECONDS:
        return None
    # The last one first, because it differs most often. The others tell a mouth that is shut again from a still one.
    first = pictures[index]
    if any(_has_changed(first, pictures[other]) for other in range(later, index, -1)):
        return None
    return times[later + 1] if later + 2 == len(times) else times[later]


def _has_changed(one: bytes, other: bytes) -> bool:
    changes = differences(one, other)
    return max(changes) > STILL_PIXEL or sum(changes) > STILL_MEAN * len(changes)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches in order, with those that touch or overlap joined."""
    joined: list[Stretch] = []
    for stretch in stretches:
        if joined and stretch.start <= joined[-1].end:
            joined[-1] = Stretch(start=joined[-1].start, end=max(joined[-1].end, stretch.end))
        else:
            joined.append(stretch)
    return joined
