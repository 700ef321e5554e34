"""Closes the jumps of a file's clock, which broadcasts have, as ffmpeg does."""

_SECOND = 1_000_000
_JUMP = 10 * _SECOND
_BACKWARD_JUMP = _SECOND // 10
"""ffmpeg's -dts_delta_threshold, and how far a time stamp may lie before the one ahead of it, in microseconds."""


class JumpCloser:
    """Closes the jumps of a file's clock as ffmpeg does when it decodes the file from its start.

    A time stamp that is more than 10 s off the one expected in its track, or more than 0.1 s before the last one, is
    a jump: from there on all tracks are moved so that this packet follows the one before it. All times are whole
    microseconds, as in ffmpeg.
    Source: ts_discontinuity_process in FFmpeg's fftools/ffmpeg_demux.c.
    """

    def __init__(self) -> None:
        self._offset = 0
        self._last: int | None = None
        self._previous: dict[int, int] = {}
        self._expected: dict[int, int] = {}

    def offset(self, track: int, dts: int, duration: int) -> int:
        """What to add to the time stamps of this packet."""
        time = dts + self._offset
        expected = self._expected.get(track)
        if expected is None:
            expected = self._last
            jump = expected is not None and abs(time - expected) > _JUMP
        else:
            backward = time + _BACKWARD_JUMP < self._previous[track]
            jump = backward or abs(time - expected) > _JUMP
        if jump and expected is not None:
            self._offset += expected - time
            time = expected
        self._last = self._previous[track] = time
        self._expected[track] = time + duration
        return self._offset
