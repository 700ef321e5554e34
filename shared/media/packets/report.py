"""What was measured, as a document for `shared.media.measured`."""

from fractions import Fraction
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from shared.media.input_file import InputFile
from shared.media.track_times import Track

UNREADABLE: dict[str, Any] = {
    "readable": False,
    "complete": True,
    "open_ended": False,
    "unread": False,
    "clock_start_seconds": 0.0,
    "clock_jumps": False,
    "streams": [],
}
"""The document of a file that libav cannot open."""


def tracks_of(container: InputContainer) -> tuple[list[Track], Track | None]:
    """The tracks of picture and sound, and the one that is the picture of this file."""
    tracks = [Track(s) for s in container.streams if s.type in ("video", "audio")]
    picture = next((track for track in tracks if _is_picture(track.stream)), None)
    if picture is not None:
        picture.keeps_times = True
    return tracks, picture


def report(
    file: InputFile,
    container: InputContainer,
    tracks: list[Track],
    *,
    complete: bool = True,
    jumps: bool = False,
) -> dict[str, Any]:
    """The document of a measured file."""
    start = Fraction(container.start_time or 0, av.time_base)
    return {
        "readable": True,
        "complete": complete,
        "open_ended": container.format.name.startswith("mov") and file.is_open_ended(),
        "unread": file.touched_unread,
        "clock_start_seconds": float(start),
        "clock_jumps": jumps,
        "streams": [_described(track, start) for track in tracks],
    }


def _is_picture(stream: Stream) -> bool:
    return isinstance(stream, VideoStream) and not stream.disposition & Disposition.attached_pic


def _described(track: Track, start: Fraction) -> dict[str, Any]:
    stream = track.stream
    context = stream.codec_context  # None if there is no decoder
    zero = start / track.base
    sound = context if isinstance(context, AudioCodecContext) else None
    return {
        "kind": stream.type,
        "codec": context.codec.canonical_name if context else None,
        "decoder": context.name if context else None,
        "picture": _is_picture(stream),
        "width": context.width if isinstance(context, av.VideoCodecContext) else 0,
        "height": context.height if isinstance(context, av.VideoCodecContext) else 0,
        "channels": sound.channels if sound else None,
        "sample_rate": sound.sample_rate if sound else None,
        "language": stream.metadata.get("language"),
        "title": stream.metadata.get("title"),
        "default": bool(stream.disposition & Disposition.default),
        "packets": track.packets,
        "sampled": track.sampled,
        "first_seconds": None if track.first is None else _seconds(track.first - zero, track),
        "end_seconds": None if track.first is None else _seconds(track.end - zero, track),
        "last_duration_seconds": float(track.last_duration * track.base),
        "stated_end_seconds": _stated_end(track, zero),
        "intervals": track.intervals(),
        "tick_seconds": float(track.base),
        "stated_rate": str(stream.average_rate or 0) if isinstance(stream, VideoStream) else None,
    }


def _stated_end(track: Track, zero: Fraction) -> float | None:
    """Where the edit list of an MP4 ends, or its track if it has none. libav shows a last picture that begins there."""
    stream = track.stream
    if not stream.container.format.name.startswith("mov") or not stream.duration:
        return None
    return float(((stream.start_time or 0) + stream.duration - zero) * track.base)


def _seconds(ticks: Fraction, track: Track) -> float:
    return round(float(ticks * track.base), 6)
