"""The canvas of a clip: its frame size and its constant frame rate."""

import math
from dataclasses import dataclass
from fractions import Fraction

from shared.media.probe import MediaFacts, VideoFacts

MAX_SIDE = 1920
MAX_RATE = Fraction(60)
MIN_RATE = Fraction(5)
"""At a lower rate a clip could not be cut to the requested length, and players have problems with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Canvas:
    """`width` and `height` in square pixels, both even; `frame_rate` in frames per second."""

    width: int
    height: int
    frame_rate: Fraction

    def __post_init__(self) -> None:
        if self.width < 2 or self.height < 2 or self.width % 2 or self.height % 2:  # noqa: PLR2004
            raise ValueError(f"a canvas has even sides, not {self.width}x{self.height}")
        if self.frame_rate <= 0:
            raise ValueError(f"a canvas has a positive frame rate, not {self.frame_rate}")

    @classmethod
    def of(cls, facts: MediaFacts) -> "Canvas":
        """The source's upright size and its rate, limited to MAX_SIDE per side and MAX_RATE."""
        video = facts.video
        shrink = min(1.0, MAX_SIDE / max(video.width, video.height))
        return cls(
            width=even(video.width * shrink),
            height=even(video.height * shrink),
            frame_rate=constant_rate(video),
        )

    def frame_at(self, seconds: float) -> int:
        """The number of the frame nearest to a time; of two equally near, the later."""
        return math.floor(Fraction(seconds) * self.frame_rate + Fraction(1, 2))


def even(length: float) -> int:
    """The largest even number of pixels up to `length`, but at least 2."""
    return max(2, int(length + 1e-6) // 2 * 2)


def constant_rate(video: VideoFacts) -> Fraction:
    """The constant frame rate of a source's clips.

    A constant source keeps its own rate, so a clip shows each of its pictures once. A variable one gets the lowest
    standard rate at which hardly any two of its pictures fall together (see `shared.media.pace`). A rate
    above MAX_RATE or below MIN_RATE is divided or multiplied by the smallest whole number that brings it within them.
    """
    rate = video.frame_rate
    if video.variable_frame_rate:
        rate = Fraction(video.max_frame_rate).limit_denominator(1001)
    return rate / max(1, math.ceil(rate / MAX_RATE)) * max(1, math.ceil(MIN_RATE / rate))
