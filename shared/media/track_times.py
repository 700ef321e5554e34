"""The measured times of one stream. Runs in the child process only."""

from array import array
from collections import Counter
from fractions import Fraction
from itertools import pairwise

from av.audio.codeccontext import AudioCodecContext
from av.stream import Stream

_SECOND = 1_000_000
_MAX_INTERVALS = 2000
_COARSE_SECONDS = Fraction(1, 1000)


class Track:
    """The measured times of one stream, in ticks of its time base."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.base = stream.time_base or Fraction(1, 1000)
        self.packets = 0
        self.first: int | None = None
        self.end = 0
        self.last_duration = 0
        self.sampled = False
        self.keeps_times = False
        self.usual_microseconds = _frame_microseconds(stream)
        self._times = array("q")
        self._intervals = Counter[int]()
        self._number, self._divisor = self.base.numerator * _SECOND, self.base.denominator

    def add(self, time: int, duration: int) -> None:
        """Count a packet that is shown from `time` on."""
        self.packets += 1
        if self.first is None or time < self.first:
            self.first = time
        if time + duration >= self.end or self.packets == 1:
            self.end = time + duration
            self.last_duration = duration
        if self.keeps_times:
            self._times.append(time)

    def microseconds(self, ticks: int) -> int:
        """Ticks as microseconds."""
        return ticks * self._number // self._divisor

    def ticks(self, microseconds: int) -> int:
        """Microseconds as the nearest ticks."""
        return (microseconds * self._divisor + self._number // 2) // self._number

    def end_part(self) -> None:
        """Begin a new part of the file: the time between two parts is not an interval between pictures."""
        times = sorted(self._times)
        self._intervals.update(b - a for a, b in pairwise(times) if b > a)
        self._times = array("q")

    def intervals(self) -> list[tuple[float, int]]:
        """How often each interval in seconds lies between one picture and the next, the shortest first."""
        self.end_part()
        exact = Counter(
            {float(ticks * self.base): count for ticks, count in self._intervals.items()}
        )
        if len(exact) > _MAX_INTERVALS:
            coarse = Counter[float]()
            for seconds, count in exact.items():
                coarse[float(round(seconds / _COARSE_SECONDS) * _COARSE_SECONDS)] += count
            exact = coarse
        return sorted(exact.items())


def _frame_microseconds(stream: Stream) -> int:
    """The duration of each packet of a sound stream whose codec has frames of one size, else 0."""
    context = stream.codec_context
    if not isinstance(context, AudioCodecContext) or not context.sample_rate:
        return 0
    return _SECOND * context.frame_size // context.sample_rate
