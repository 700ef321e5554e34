"""Measures a file by its packets, without decoding any: where each track begins and ends on the file's clock.

    an index (MP4, AVI)          the times of all pictures are in it; only the last packets are read, for their order
    fragments (MP4)              their headers give an index; the pictures are not read
    seek points (large Matroska)  the packets of the first and last megabytes
    anything else                 one pass over all packets

The file's clock is the one of the worker's ffmpeg: its zero is what ffmpeg calls the start time of the file, and jumps
of the clock are closed by ffmpeg's rule. Runs in the child process only, because it reads untrusted files.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from shared.media.input_file import InputFile, TooMuchRead
from shared.media.jumps import JumpCloser
from shared.media.track_times import Track

_JUMPING_FORMATS = {"mpegts", "mpeg"}
"""The formats whose clock may jump (AVFMT_TS_DISCONT in FFmpeg)."""

_LARGE_BYTES = 32 << 20
_HEAD_BYTES = 4 << 20
"""A large Matroska file is measured by this much of its beginning, and by what follows its last seek point."""

_REORDERED = 32
"""Pictures are stored at most 16 places from where they are shown."""

_LAST_TIME = 2**62


def measure(file: InputFile, demuxer: str, decoders: str, max_streams: int) -> dict[str, Any]:
    """What the packets of a file say, as a document for `shared.media.measured`."""
    options = {
        "format_whitelist": demuxer,
        "codec_whitelist": decoders,
        "max_streams": str(max_streams),
    }
    try:
        with _open(file, demuxer, options) as container:
            measured = _by_parts(file, container)
        if measured is None:
            file.seek(0)
            with _open(file, demuxer, options) as container:
                measured = _by_all_packets(file, container)
    except (FFmpegError, TooMuchRead, MemoryError):
        return {
            "readable": False,
            "complete": True,
            "open_ended": False,
            "unread": file.touched_unread,
            "clock_start_seconds": 0.0,
            "clock_jumps": False,
            "streams": [],
        }
    return measured


def _open(file: InputFile, demuxer: str, options: dict[str, str]) -> InputContainer:
    return av.open(
        file,  # pyright: ignore[reportArgumentType] - the stub asks for more than PyAV uses
        mode="r",
        format=demuxer,
        options=options,
        metadata_errors="replace",
        buffer_size=1 << 15,
    )


def _by_parts(file: InputFile, container: InputContainer) -> dict[str, Any] | None:
    """Measure by the index or the ends of a file; None if all of its packets must be read."""
    tracks, picture = _tracks(container)
    if picture is None:
        return _report(file, container, tracks)
    if _has_whole_index(file, container, picture):
        missing = _read_index(file, container, tracks, picture)
        return _report(file, container, tracks, complete=not missing)
    if _has_fragments(container):
        _read_fragment_headers(container)
        missing = _read_index(file, container, tracks, picture, fragments=True)
        # ffmpeg stops at the first packet that is missing, so what follows it does not count.
        cut = missing or any(_ends_beyond(file, track) for track in tracks)
        return None if cut else _report(file, container, tracks)
    if _has_seek_points(file, container) and _read_ends(file, container, tracks, picture):
        return _report(file, container, tracks)
    return None


def _by_all_packets(file: InputFile, container: InputContainer) -> dict[str, Any]:
    tracks, _ = _tracks(container)
    jumps = _read_packets(container, tracks)
    return _report(file, container, tracks, jumps=jumps)


def _tracks(container: InputContainer) -> tuple[list[Track], Track | None]:
    """The tracks of picture and sound, and the one that is the picture of this file."""
    tracks = [Track(s) for s in container.streams if s.type in ("video", "audio")]
    picture = next((track for track in tracks if _is_picture(track.stream)), None)
    if picture is not None:
        picture.keeps_times = True
    return tracks, picture


def _report(
    file: InputFile,
    container: InputContainer,
    tracks: list[Track],
    *,
    complete: bool = True,
    jumps: bool = False,
) -> dict[str, Any]:
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


def _has_whole_index(file: InputFile, container: InputContainer, picture: Track) -> bool:
    if not len(picture.stream.index_entries):
        return False
    if container.format.name == "avi":
        return True
    return container.format.name.startswith("mov") and all(
        kind != b"moof" for kind, _, _ in file.boxes()
    )


def _has_fragments(container: InputContainer) -> bool:
    """True for an MP4 file without a whole index."""
    return container.format.name.startswith("mov")


def _read_fragment_headers(container: InputContainer) -> None:
    """Let libav go through all fragments, and so complete its index, without reading what is discarded."""
    for stream in container.streams:
        stream.discard = Discard.all
    for _ in _packets(container):
        pass
    for stream in container.streams:
        stream.discard = Discard.default


def _ends_beyond(file: InputFile, track: Track) -> bool:
    entries = track.stream.index_entries
    return bool(len(entries)) and entries[-1].pos + entries[-1].size > file.size


def _read_index(
    file: InputFile,
    container: InputContainer,
    tracks: list[Track],
    picture: Track,
    *,
    fragments: bool = False,
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
        file.hollow = not fragments
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


def _has_seek_points(file: InputFile, container: InputContainer) -> bool:
    """True for a large Matroska file that is not a recording, which states no duration and has no seek points."""
    matroska = container.format.name.startswith("matroska")
    return matroska and bool(container.duration) and file.size >= _LARGE_BYTES


def _read_ends(
    file: InputFile, container: InputContainer, tracks: list[Track], picture: Track
) -> bool:
    """Measure by the first and last packets. False if a track ends before the last ones."""
    by_index = {track.stream.index: track for track in tracks}
    for packet in _packets(container):
        _add(by_index, packet)
        if file.tell() > _HEAD_BYTES:
            break
    picture.end_part()
    seen = {track: track.packets for track in tracks}
    # Beyond every time stamp; with seek points, libav then reads from the last one.
    container.seek(_LAST_TIME, stream=picture.stream)
    for packet in _packets(container):
        _add(by_index, packet)
    for track in tracks:
        track.sampled = True
    return all(track.packets > count or not count for track, count in seen.items())


def _add(by_index: dict[int, Track], packet: "Packet[Stream]", offset: int = 0) -> None:
    track = by_index.get(packet.stream_index)
    if track is not None and not packet.is_discard:
        track.add(_time(packet) + offset, packet.duration or 0)


def _read_packets(container: InputContainer, tracks: list[Track]) -> bool:
    """Measure by all packets. Returns whether the clock jumps."""
    by_index = {track.stream.index: track for track in tracks}
    closer = JumpCloser() if container.format.name in _JUMPING_FORMATS else None
    for packet in _packets(container):
        offset = 0
        track = by_index.get(packet.stream_index)
        if closer and track and packet.dts is not None:
            duration = track.usual_microseconds or track.microseconds(packet.duration or 0)
            dts = track.microseconds(packet.dts)
            offset = track.ticks(closer.offset(packet.stream_index, dts, duration))
        _add(by_index, packet, offset)
    return closer is not None and closer.jumped


def _packets(container: InputContainer, *streams: Stream) -> "Iterator[Packet[Stream]]":
    """The packets up to the end, or up to damage, where ffmpeg also stops."""
    try:
        for packet in container.demux(*streams):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                yield packet
    except (FFmpegError, TooMuchRead):
        return


def _time(packet: "Packet[Stream]") -> int:
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
