"""The frame rate of a video, from the measured intervals between its pictures.

    constant    nearly all intervals are equal but for the rounding of the time stamps; longer ones are gaps
    variable    all others

A container's stated rate only decides between exact rates that the time stamps cannot tell apart (30 and 30000/1001).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

STANDARD_RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)

MAX_LOST_SHARE = 0.01
"""Of a variable rate's pictures, this share may fall together with another in a clip of a constant rate."""

_CONSTANT_SHARE = 0.95
_JITTER = 0.02
_SHORT_SHARE = 0.005
_AT_ONCE_SECONDS = 0.004
_USUAL_RATE = Fraction(30)
MAX_RATE = 1000
"""In frames per second. A faster pace is ignored, as if there were only one picture."""


Intervals = Sequence[tuple[float, int]]
"""Seconds from one picture to the next, and how often they occur, the shortest first."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Frames per second; `enough` is the rate of a clip that shows nearly every picture of its own."""

    rate: Fraction
    variable: bool
    enough: float


def pace_of(intervals: Intervals, tick_seconds: float, stated: Fraction | None) -> Pace:
    """The pace of a video whose time stamps have a resolution of `tick_seconds`."""
    total = sum(count for _, count in intervals)
    length = sum(seconds * count for seconds, count in intervals)
    if not total or total / length > MAX_RATE:
        rate = stated or _USUAL_RATE
        return Pace(rate=rate, variable=stated is None, enough=float(rate))
    usual = median(intervals)
    rounding = min(
        1.01 * tick_seconds, usual / 4
    )  # in AVI a tick is a picture, and nothing is rounded
    slack = rounding + _JITTER * usual
    alike = [(seconds, count) for seconds, count in intervals if abs(seconds - usual) <= slack]
    number = sum(count for _, count in alike)
    short = sum(count for seconds, count in intervals if seconds < usual - slack)
    if number >= _CONSTANT_SHARE * total and short <= max(1, _SHORT_SHARE * total):
        mean = sum(seconds * count for seconds, count in alike) / number
        rate = _exact(1 / mean, rounding / number / mean, stated)
        return Pace(rate=rate, variable=False, enough=float(rate))
    average = total / length
    return Pace(
        rate=_fraction(average),
        variable=True,
        enough=_enough(intervals, average),
    )


def median(intervals: Intervals) -> float:
    """The middle interval in seconds."""
    left = sum(count for _, count in intervals) / 2
    for seconds, count in intervals:
        left -= count
        if left <= 0:
            return seconds
    raise ValueError("there are no intervals")


def lost_share(intervals: Intervals, rate: float) -> float:
    """The share of pictures that fall together with another one in a clip of a constant rate.

    A picture that follows another after less than a frame falls on the same frame in a clip as often as the interval
    is shorter than the frame: wherever the clip begins, on average.
    """
    total = sum(count for _, count in intervals)
    return sum(count * max(0.0, 1 - seconds * rate) for seconds, count in intervals) / total


def _enough(intervals: Intervals, average: float) -> float:
    """The lowest standard rate, not below the average, that loses hardly any picture; the fastest pace if none does.

    Browsers write some pictures at once, of which only the last was ever shown.
    """
    intervals = [(seconds, count) for seconds, count in intervals if seconds > _AT_ONCE_SECONDS]
    if not intervals:
        return average
    for rate in STANDARD_RATES:
        if rate * 1.1 >= average and lost_share(intervals, float(rate)) <= MAX_LOST_SHARE:
            return float(rate)
    return min(1 / intervals[0][0], float(MAX_RATE))


def _exact(rate: float, uncertainty: float, stated: Fraction | None) -> Fraction:
    """The exact rate that a measured one stands for; `uncertainty` is relative."""
    tolerance = uncertainty + 1e-6
    usual = (*STANDARD_RATES, Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001))
    candidates = [exact for exact in (stated, *usual) if exact]
    if candidates:
        nearest = min(candidates, key=lambda exact: abs(float(exact) - rate))
        for exact in (candidates[0], nearest):
            if abs(float(exact) / rate - 1) <= tolerance:
                return exact
    return _fraction(rate)


def _fraction(rate: float) -> Fraction:
    """The simplest fraction near a rate, however low that is."""
    return (
        1 / Fraction(1 / rate).limit_denominator(1000)
        if rate < 1
        else Fraction(rate).limit_denominator(1000)
    )
