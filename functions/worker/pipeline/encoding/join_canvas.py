"""Chooses the canvas of clips that are joined from parts of several sources.

    orientation   landscape, portrait or square: the one with the most seconds
    size          at least that of most of the material, where a part's material is its seconds times its pixels;
                  a source of the chosen orientation gives the shape
    frame rate    at least that of most of the frames, a part's frames being its seconds times its rate
    a request     may set width, height and frame rate itself

"At least that of most" is the weighted median: the least size such that parts of this size or less are half of the
material. So half a minute of an old 320x180 recording does not reduce ten seconds of 1920x1080 to its size, and a
second of 4K among ten of 720p does not enlarge them all. A single source gives its own size and rate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TypeVar

from pipeline.encoding.canvas import Canvas, even
from shared.job_params.canvas import MAX_SIDE, MIN_SIDE, CanvasOptions
from shared.media.probe import MediaFacts

_STANDARD_RATES = tuple(Fraction(thousands * 1000, 1001) for thousands in (24, 30, 60))
_RATE_ROUNDING = 0.005


@dataclass(frozen=True, kw_only=True)
class Material:
    """A part of the clips: the facts of its source, and its length."""

    facts: MediaFacts
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Part:
    canvas: Canvas
    seconds: float

    @property
    def pixels(self) -> int:
        return self.canvas.width * self.canvas.height

    @property
    def orientation(self) -> int:
        """1 for landscape, 0 for square, -1 for portrait."""
        return (self.canvas.width > self.canvas.height) - (self.canvas.width < self.canvas.height)


def choose_canvas(materials: Sequence[Material], options: CanvasOptions) -> Canvas:
    """The canvas of clips of these materials (at least one), as the request chose it or by the rule of this module."""
    parts = [
        _Part(canvas=Canvas.of(material.facts), seconds=material.seconds) for material in materials
    ]
    width, height = _size(parts)
    if options.width and options.height:
        width, height = options.width, options.height
    elif options.width:
        width, height = options.width, _side(options.width * height / width)
    elif options.height:
        width, height = _side(options.height * width / height), options.height
    rate = exact_rate(options.frame_rate) if options.frame_rate else _rate(parts)
    return Canvas(width=width, height=height, frame_rate=rate)


def exact_rate(rate: float) -> Fraction:
    """A requested frame rate as an exact one: 29.97 stands for 30000/1001."""
    for standard in _STANDARD_RATES:
        if abs(float(standard) - rate) < _RATE_ROUNDING:
            return standard
    return Fraction(rate).limit_denominator(1000)


def _side(length: float) -> int:
    return min(MAX_SIDE, max(MIN_SIDE, even(length)))


def _size(parts: Sequence[_Part]) -> tuple[int, int]:
    """The size that most of the material has or exceeds, in the shape of a source of the chosen orientation."""
    orientation = _orientation(parts)
    upright = [part for part in parts if part.orientation == orientation]
    pixels = _median((part.pixels, part.seconds * part.pixels) for part in upright)
    shape = max(
        (part for part in upright if part.pixels == pixels),
        key=lambda part: _seconds(upright, part.canvas),
    ).canvas
    # Parts of another orientation count, too: they are larger, or the shape is large enough already.
    needed = _median((part.pixels, part.seconds * part.pixels) for part in parts)
    grow = min(max(1.0, (needed / pixels) ** 0.5), MAX_SIDE / max(shape.width, shape.height))
    return even(shape.width * grow), even(shape.height * grow)


def _orientation(parts: Sequence[_Part]) -> int:
    seconds: dict[int, float] = {}
    for part in parts:
        seconds[part.orientation] = seconds.get(part.orientation, 0.0) + part.seconds
    return max(seconds, key=seconds.__getitem__)


def _seconds(parts: Sequence[_Part], canvas: Canvas) -> float:
    size = (canvas.width, canvas.height)
    return sum(part.seconds for part in parts if (part.canvas.width, part.canvas.height) == size)


def _rate(parts: Sequence[_Part]) -> Fraction:
    rates = [(part.canvas.frame_rate, part.seconds) for part in parts]
    return _median((rate, seconds * float(rate)) for rate, seconds in rates)


_Value = TypeVar("_Value", int, Fraction)


def _median(weighted: Iterable[tuple[_Value, float]]) -> _Value:
    """The least value such that values up to it have at least half of the weight."""
    ascending = sorted(weighted, key=lambda pair: pair[0])
    half = sum(weight for _, weight in ascending) / 2
    below = accumulate(weight for _, weight in ascending)
    # Rounding may leave the last sum a little below half of a single weight.
    reached = (value for (value, _), weight in zip(ascending, below, strict=True) if weight >= half)
    return next(reached, ascending[-1][0])
