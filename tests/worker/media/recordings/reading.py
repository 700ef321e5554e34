"""Reads what a recording of recorder.html shows, by decoding it from end to end. This is the truth for its clips.

Times are in seconds on the file's clock: zero is what libav calls its start time.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av

BITS = 12
LOUD = 3000  # of 32767
QUIET_SECONDS = 0.1
RATE = 48000


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture: its time, the number in its upper half, and whether its lower half is lit."""

    time: float
    number: int
    lit: bool


@dataclass(frozen=True, kw_only=True)
class Content:
    """All pictures of a file in the order of their times, and the times at which beeps begin."""

    pictures: list[Shown]
    beeps: list[float]

    @property
    def flashes(self) -> list[float]:
        """The times of the first picture of each flash."""
        return [now.time for last, now in pairwise(self.pictures) if now.lit and not last.lit]

    def offsets(self) -> dict[float, float]:
        """Beep minus flash, by the time of each flash that has a beep within a third of a second."""
        return {
            flash: beep - flash
            for flash in self.flashes
            for beep in self.beeps
            if abs(beep - flash) < 1 / 3
        }

    def number_at(self, time: float) -> int:
        """The number of the picture that is shown at a time; before the first picture, the first one's."""
        before = [picture for picture in self.pictures if picture.time <= time]
        return (before or self.pictures)[-1 if before else 0].number


def read(path: Path) -> Content:
    """The content of the file at `path`."""
    pictures, loud = list[Shown](), list[float]()
    to_mono = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as file:
        earliest = (file.start_time or 0) / av.time_base
        for frame in file.decode([*file.streams.video[:1], *file.streams.audio[:1]]):
            if isinstance(frame, av.VideoFrame):
                assert frame.time is not None
                pictures.append(_picture(frame, frame.time - earliest))
            elif isinstance(frame, av.AudioFrame):
                for part in to_mono.resample(frame):
                    loud += _loud(part, earliest)
    pictures.sort(key=lambda picture: picture.time)
    return Content(pictures=pictures, beeps=_onsets(loud))


def _picture(frame: av.VideoFrame, time: float) -> Shown:
    small = frame.reformat(width=BITS, height=2, format="gray", interpolation="AREA").planes[0]
    row = small.line_size
    levels = bytes(small)
    number = sum((levels[bit] > 125) << bit for bit in range(BITS))
    return Shown(time=time, number=number, lit=levels[row] > 125)


def _loud(part: av.AudioFrame, earliest: float) -> list[float]:
    assert part.time is not None
    begin = part.time - earliest
    samples = memoryview(bytes(part.planes[0])[: 2 * part.samples]).cast("h")
    return [begin + n / RATE for n, value in enumerate(samples) if abs(value) > LOUD]


def _onsets(times: list[float]) -> list[float]:
    return [now for last, now in pairwise([float("-inf"), *times]) if now - last > QUIET_SECONDS]
