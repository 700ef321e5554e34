"""Which picture of its source each frame of an output shows, as ffmpeg notes it while it encodes.

    wanted    1.00  1.04  1.08  1.12  1.16 ...  9.00
    shown     1.00  1.04  1.08  1.08  1.08 ...  1.08     held: nothing came, or nothing that can be decoded

A frame shows the last picture that its source had by then. So a shown time after the wanted one means that the pictures
before were not read, and one long before it that the picture was held.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.seeking import first_run_up, longer_run_up

NOTES_NAME = "shown.txt"
NOTE_SHOWN = ("-stats_enc_pre:v:0", NOTES_NAME, "-stats_enc_pre_fmt:v:0", "{ni} {ptsi} {tbi}")
"""Output options: write to NOTES_NAME, for each frame, its picture's number, its time stamp and the time base."""

LEAD_TOLERANCE_SECONDS = 0.1
"""How long before its time the first picture of a source may be shown. Black in its place would be seen as a flash:
encoders of sound often begin a little earlier than the picture."""

_NO_TIME_STAMP = -(1 << 63)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A decoded picture: its number in the order of its input, and its time on the file's clock.

    The time is None if the container has no time stamps for pictures in the order in which they are shown (AVI).
    """

    number: int
    seconds: float | None


Shown = Sequence[Picture | None]
"""The picture of each frame; None for black."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How the pictures of a cut are read, for `frames` frames of an output with the frame rate `rate`.

    ffmpeg reads from `run_up` seconds before the cut. `first_picture` is the time of the source's first picture;
    black is shown before it. Times are in seconds of the file's clock.
    """

    cut: Cut
    frames: int
    rate: Fraction
    run_up: float
    first_picture: float

    @classmethod
    def first(cls, cut: Cut, frames: int, rate: Fraction) -> "Reading":
        """The reading to try first, by the source's facts."""
        return cls(
            cut=cut,
            frames=frames,
            rate=rate,
            run_up=first_run_up(cut.facts, cut.start),
            first_picture=cut.facts.video.start_seconds,
        )

    @property
    def black_frames(self) -> int:
        """The number of frames before the source's first picture."""
        seconds = min(self.first_picture - self.cut.start, float(self.frames / self.rate))
        return round(seconds * self.rate) if seconds > LEAD_TOLERANCE_SECONDS else 0

    @property
    def plan(self) -> tuple[float, int]:
        """What distinguishes one run from another."""
        return self.run_up, self.black_frames

    @property
    def shows_pictures(self) -> bool:
        """Whether not all of it is black."""
        return self.black_frames < self.frames

    @property
    def whole(self) -> bool:
        """Whether it begins with the source's beginning."""
        return self.run_up >= self.cut.start

    def time_of(self, frame: int) -> float:
        """The time at which a frame is shown."""
        return self.cut.start + float(frame / self.rate)

    def extended(self) -> "Reading":
        """A reading from an earlier place, if there is one."""
        return replace(self, run_up=longer_run_up(self.run_up, self.cut.start))

    def corrected(self, shown: Shown) -> "Reading":
        """The reading to try next after one whose frames showed `shown`; the same if that was right."""
        pictures = ((frame, picture) for frame, picture in enumerate(shown) if picture)
        frame, first = next(pictures, (0, None))
        if first is None or first.seconds is None or first.seconds <= self.time_of(frame + 1):
            return self
        return replace(self, first_picture=first.seconds) if self.whole else self.extended()

    def begins_unstamped(self, shown: Shown) -> bool:
        """Whether the first picture is the source's first one, at an unknown time."""
        first = next((picture for picture in shown if picture), None)
        return self.whole and first is not None and first.number == 0 and first.seconds is None


def read_shown(folder: Path) -> list[Picture | None]:
    """The picture of each frame, from ffmpeg's notes in `folder`."""
    with (folder / NOTES_NAME).open(encoding="ascii") as lines:
        return [_picture(*line.split()) for line in lines]


def _picture(number: str, ticks: str, base: str) -> Picture | None:
    numerator, denominator = map(int, base.split("/"))
    if not numerator:  # black comes from a filter
        return None
    stamped = int(ticks) != _NO_TIME_STAMP
    seconds = int(ticks) * numerator / denominator if stamped else None
    return Picture(number=int(number), seconds=seconds)


def parts(readings: Sequence[Reading], shown: Shown) -> list[Shown]:
    """What the frames of each reading showed."""
    ends = accumulate((reading.frames for reading in readings), initial=0)
    return [shown[start:end] for start, end in pairwise(ends)]
