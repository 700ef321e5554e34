"""Measurements over time, as ffmpeg writes them, and very small pictures of the source."""

import math
import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from operator import sub
from pathlib import Path

MINIATURE_WIDTH, MINIATURE_HEIGHT = 32, 18
MINIATURE_BYTES = MINIATURE_WIDTH * MINIATURE_HEIGHT
"""A pixel is one byte of brightness, 0 to 255."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Values over time: `times` in seconds, ascending, and a value for each."""

    times: Sequence[float]
    values: Sequence[float]

    def between(self, start: float, end: float) -> Sequence[float]:
        """The values from `start` to `end`; if there are none, the nearest one before."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        if first >= last:
            first, last = max(0, first - 1), max(1, first)
        return self.values[first:last]


@dataclass(frozen=True, kw_only=True, slots=True)
class Miniatures:
    """About eight pictures a second, at `times` in seconds, one after the other in `pixels`."""

    times: Sequence[float]
    pixels: bytes | mmap.mmap

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, index: int) -> bytes:
        return self.pixels[index * MINIATURE_BYTES : (index + 1) * MINIATURE_BYTES]

    def last_until(self, time: float) -> int:
        """The index of the last picture at or before `time`, or of the first one."""
        return max(0, bisect_right(self.times, time) - 1)

    def first_from(self, time: float) -> int:
        """The index of the first picture at or after `time`, or of the last one."""
        return min(len(self) - 1, bisect_left(self.times, time))


def differences(one: bytes, other: bytes) -> list[int]:
    """How much each pixel of two miniatures differs."""
    return list(map(abs, map(sub, one, other)))


def distance(one: bytes, other: bytes) -> float:
    """The mean difference of the pixels of two miniatures, 0 to 255."""
    return sum(map(abs, map(sub, one, other))) / len(one)


def read_series(file: Path) -> Series:
    """Read a file of ffmpeg's metadata filter: alternately a line with the time in microseconds and one with a value.

    A timestamp below 0 becomes 0, and one lower than its predecessor becomes equal to it: a clip contains only what
    lies after 0, in the order of the clock.
    """
    with file.open(encoding="ascii") as lines:
        pairs = [
            (int(head.split("pts:", 1)[1].split(None, 1)[0]) / 1e6, float(line.split("=", 1)[1]))
            for head, line in zip(lines, lines, strict=False)
        ]
    return Series(
        times=list(accumulate((max(0.0, time) for time, _ in pairs), max)),
        values=[value if math.isfinite(value) else 0.0 for _, value in pairs],
    )


@contextmanager
def open_miniatures(times: Sequence[float], file: Path) -> Generator[Miniatures]:
    """The pictures in a file of raw ones. They are mapped, not read: those of four hours are 66 MB."""
    count = min(len(times), file.stat().st_size // MINIATURE_BYTES)
    if not count:
        yield Miniatures(times=(), pixels=b"")
        return
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as pixels,
    ):
        yield Miniatures(times=times[:count], pixels=pixels)
