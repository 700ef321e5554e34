"""Measures a file by its packets, without decoding any: where each track begins and ends on the file's clock.

    an index (MP4, AVI)     the times of all pictures are in it; only the last packets are read, for their order
    no index                one pass over all packets

The file's clock is the one of the worker's ffmpeg: its zero is what ffmpeg calls the start time of the file, and jumps
of the clock are closed by ffmpeg's rule. Runs in the child process only, because it reads untrusted files.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import av.subtitles.codeccontext  # PyAV imports these two late, but the process may open no file then
import av.subtitles.stream
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from shared.media.input_file import InputFile, TooMuchRead

_JUMPING_FORMATS = {"mpegts", "mpeg"}
"""The formats whose clock may jump (AVFMT_TS_DISCONT in FFmpeg)."""

_JUMP_SECONDS = 10
_BACKWARD_JUMP_SECONDS = Fraction(1, 10)
"""ffmpeg's -dts_delta_threshold, and how far a time stamp may lie before the one ahead of it."""

_REORDERED = 32
"""Pictures are stored at most 16 places from where they are shown."""

_MAX_INTERVALS = 2000
_COARSE_SECONDS = Fraction(1, 1000)


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


class Track:
    """The measured times of one stream, in ticks of its time base."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.base = stream.time_base or Fraction(1, 1000)
        self.packets = 0
        self.first: int | None = None
        self.end = 0
        self.last_duration = 0
        self.times = array("q")
        self.keeps_times = isinstance(stream, VideoStream)

    def add(self, time: int, duration: int) -> None:
        """Count a packet that is shown from `time` on."""
        self.packets += 1
        if self.first is None or time < self.first:
            self.first = time
        if time + duration >= self.end or self.packets == 1:
            self.end = time + duration
            self.last_duration = duration
        if self.keeps_times:
            self.times.append(time)

    def intervals(self) -> list[tuple[float, int]]:
        """How often each interval in seconds lies between one picture and the next, the shortest first."""
        times = sorted(self.times)
        found = Counter(b - a for a, b in pairwise(times) if b > a)
        exact = Counter({float(ticks * self.base): count for ticks, count in found.items()})
        if len(exact) > _MAX_INTERVALS:
            coarse = Counter[float]()
            for seconds, count in exact.items():
                coarse[float(round(seconds / _COARSE_SECONDS) * _COARSE_SECONDS)] += count
            exact = coarse
        return sorted(exact.items())


def measure(file: InputFile, demuxer: str, decoders: str, max_streams: int) -> dict[str, Any]:
    """What the packets of a file say, as a document for `shared.media.measured`."""
    options = {
        "format_whitelist": demuxer,
        "codec_whitelist": decoders,
        "max_streams": str(max_streams),
    }
    try:
        return _measure(file, demuxer, options)
    except (av.FFmpegError, TooMuchRead, MemoryError):
        return {"readable": False, "complete": True, "unread": file.touched_unread, "streams": []}


def _measure(file: InputFile, demuxer: str, options: dict[str, str]) -> dict[str, Any]:
    with av.open(
        file,  # pyright: ignore[reportArgumentType] - the stub asks for more than PyAV uses
        format=demuxer,
        options=options,
        metadata_errors="replace",
        buffer_size=1 << 16,
    ) as container:
        tracks = [Track(s) for s in container.streams if s.type in ("video", "audio")]
        picture = next((t for t in tracks if _is_picture(t.stream)), None)
        missing = False
        if picture is not None:
            for track in tracks:
                track.keeps_times = track is picture
            if _has_whole_index(file, container, picture):
                missing = _read_index(file, container, tracks, picture)
            else:
                _read_packets(container, tracks)
        start = Fraction(container.start_time or 0, av.time_base)
        return {
            "readable": True,
            "complete": not missing,
            "unread": file.touched_unread,
            "streams": [_described(track, start) for track in tracks],
        }


def _is_picture(stream: Stream) -> bool:
    return isinstance(stream, VideoStream) and not stream.disposition & Disposition.attached_pic


def _has_whole_index(file: InputFile, container: InputContainer, picture: Track) -> bool:
    if not len(picture.stream.index_entries):
        return False
    if container.format.name == "avi":
        return True
    return container.format.name.startswith("mov") and b"moof" not in file.boxes()


def _read_index(
    file: InputFile, container: InputContainer, tracks: list[Track], picture: Track
) -> bool:
    """Measure by the index. Returns whether it names pictures beyond the end of the file."""
    missing = False
    for track in tracks:
        entries = track.stream.index_entries
        if track is picture:
            for entry in entries:
                if entry.size and not entry.is_discard:
                    track.add(entry.timestamp, 1)
                    missing = missing or entry.pos + entry.size > file.size
        elif len(entries):
            track.add(entries[0].timestamp, 1)
            last = entries[-1].timestamp
            track.add(last, last - entries[max(0, len(entries) - 2)].timestamp)
    if container.format.name != "avi":  # which stores no other order than that of decoding
        file.hollow = True
        for track in tracks:
            _read_last_packets(container, track)
    return missing


def _read_last_packets(container: InputContainer, track: Track) -> None:
    """Correct the first and last times: an index has the order of decoding, not that of showing."""
    entries = track.stream.index_entries
    if not len(entries):
        return
    for at in (0, max(0, len(entries) - _REORDERED)):
        container.seek(entries[at].timestamp, stream=track.stream, any_frame=True)
        seen = Track(track.stream)
        for packet in _packets(container, track.stream):
            if not packet.is_discard:
                seen.add(_time(packet), packet.duration or 0)
            if seen.packets >= _REORDERED and at == 0:
                break
        if at == 0:
            track.first = seen.first
        if seen.packets:
            track.end, track.last_duration = seen.end, seen.last_duration


def _read_packets(container: InputContainer, tracks: list[Track]) -> None:
    by_index = {track.stream.index: track for track in tracks}
    closer = JumpCloser() if container.format.name in _JUMPING_FORMATS else None
    for packet in _packets(container):
        track = by_index.get(packet.stream_index)
        if track is None or packet.is_discard:
            continue
        offset = 0
        if closer and packet.dts is not None:
            expected = _expected_duration(track.stream, packet)
            seconds = closer.offset(packet.stream_index, packet.dts * track.base, expected)
            offset = round(seconds / track.base)
        track.add(_time(packet) + offset, packet.duration or 0)


def _expected_duration(stream: Stream, packet: av.Packet) -> Fraction:
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        context = stream.codec_context
        if context.frame_size and context.sample_rate:
            return Fraction(context.frame_size, context.sample_rate)
    return (packet.duration or 0) * (stream.time_base or Fraction(0))


def _packets(container: InputContainer, *streams: Stream) -> Iterator[av.Packet]:
    """The packets up to the end, or up to damage, where ffmpeg also stops."""
    try:
        for packet in container.demux(*streams):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                yield packet
    except (av.FFmpegError, TooMuchRead):
        return


def _time(packet: av.Packet) -> int:
    time = packet.dts if packet.pts is None else packet.pts
    return time or 0


def _seconds(ticks: Fraction, track: Track) -> float:
    return round(float(ticks * track.base), 6)


def _stated_end(track: Track, zero: Fraction) -> float | None:
    """Where the edit list of an MP4 ends, or its track if it has none. libav shows a last picture that begins there."""
    stream = track.stream
    if not stream.container.format.name.startswith("mov") or not stream.duration:
        return None
    return float(((stream.start_time or 0) + stream.duration - zero) * track.base)


def _described(track: Track, start: Fraction) -> dict[str, Any]:
    stream = track.stream
    context = stream.codec_context  # None if there is no decoder
    zero = start / track.base
    sound = context if isinstance(stream, AudioStream) else None
    return {
        "kind": stream.type,
        "codec": context.name if context else None,
        "picture": _is_picture(stream),
        "width": context.width if isinstance(context, av.VideoCodecContext) else 0,
        "height": context.height if isinstance(context, av.VideoCodecContext) else 0,
        "channels": sound.channels if sound else None,
        "sample_rate": sound.sample_rate if sound else None,
        "language": stream.metadata.get("language"),
        "title": stream.metadata.get("title"),
        "default": bool(stream.disposition & Disposition.default),
        "packets": track.packets,
        "first_seconds": None if track.first is None else _seconds(track.first - zero, track),
        "end_seconds": None if track.first is None else _seconds(track.end - zero, track),
        "last_duration_seconds": float(track.last_duration * track.base),
        "stated_end_seconds": _stated_end(track, zero),
        "intervals": track.intervals(),
        "tick_seconds": float(track.base),
        "stated_rate": str(stream.average_rate or 0) if isinstance(stream, VideoStream) else None,
    }
