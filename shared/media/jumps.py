"""Closes the jumps of a file's clock, which broadcasts have, as ffmpeg does."""

from fractions import Fraction

_JUMP_SECONDS = 10
_BACKWARD_JUMP_SECONDS = Fraction(1, 10)
"""ffmpeg's -dts_delta_threshold, and how far a time stamp may lie before the one ahead of it."""


class JumpCloser:
    """Closes the jumps of a file's clock as ffmpeg does when it decodes the file from its start.

    A time stamp that is more than 10 s off the one expected in its track, or more than 0.1 s before the last one, is
    a jump: from there on all tracks are moved so that this packet follows the one before it.
    Source: ts_discontinuity_process in FFmpeg's fftools/ffmpeg_demux.c.
    """

    def __init__(self) -> None:
        self._offset = Fraction(0)
        self._last: Fraction | None = None
        self._previous: dict[int, Fraction] = {}
        self._expected: dict[int, Fraction] = {}

    def offset(self, track: int, dts: Fraction, duration: Fraction) -> Fraction:
        """The seconds to add to the time stamps of this packet."""
        time = dts + self._offset
        expected = self._expected.get(track)
        if expected is None:
            jump = self._last is not None and abs(time - self._last) > _JUMP_SECONDS
            expected = self._last
        else:
            backward = time + _BACKWARD_JUMP_SECONDS < self._previous[track]
            jump = backward or abs(time - expected) > _JUMP_SECONDS
        if jump and expected is not None:
            self._offset += expected - time
            time = expected
        self._last = self._previous[track] = time
        self._expected[track] = time + duration
        return self._offset
