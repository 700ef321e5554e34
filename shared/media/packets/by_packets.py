"""Measures the packets themselves: all of a file, or those of its ends."""

from collections.abc import Iterator

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from shared.media.input_file import InputFile
from shared.media.jumps import JumpCloser
from shared.media.track_times import Track

_JUMPING_FORMATS = {"mpegts", "mpeg"}
"""The formats whose clock may jump (AVFMT_TS_DISCONT in FFmpeg)."""

_LARGE_BYTES = 32 << 20
_HEAD_BYTES = 4 << 20
"""A large Matroska file is measured by this much of its beginning, and by what follows its last seek point."""

_LAST_TIME = 2**62


def has_seek_points(file: InputFile, container: InputContainer) -> bool:
    """True for a large Matroska file that is not a recording, which states no duration and has no seek points."""
    matroska = container.format.name.startswith("matroska")
    return matroska and bool(container.duration) and file.size >= _LARGE_BYTES


def read_ends(
    file: InputFile, container: InputContainer, tracks: list[Track], picture: Track
) -> bool:
    """Measure by the first and last packets. False if a track ends before the last ones."""
    by_index = {track.stream.index: track for track in tracks}
    for packet in packets_of(container):
        _add(by_index, packet)
        if file.tell() > _HEAD_BYTES:
            break
    picture.end_part()
    seen = {track: track.packets for track in tracks}
    # Beyond every time stamp; with seek points, libav then reads from the last one.
    container.seek(_LAST_TIME, stream=picture.stream)
    for packet in packets_of(container):
        _add(by_index, packet)
    for track in tracks:
        track.sampled = True
    return all(track.packets > count or not count for track, count in seen.items())


def read_packets(container: InputContainer, tracks: list[Track]) -> bool:
    """Measure by all packets. Returns whether the clock jumps."""
    by_index = {track.stream.index: track for track in tracks}
    closer = JumpCloser() if container.format.name in _JUMPING_FORMATS else None
    for packet in packets_of(container):
        offset = 0
        track = by_index.get(packet.stream_index)
        if closer and track and packet.dts is not None:
            duration = track.usual_microseconds or track.microseconds(packet.duration or 0)
            dts = track.microseconds(packet.dts)
            offset = track.ticks(closer.offset(packet.stream_index, dts, duration))
        _add(by_index, packet, offset)
    return closer is not None and closer.jumped


def _add(by_index: dict[int, Track], packet: "Packet[Stream]", offset: int = 0) -> None:
    track = by_index.get(packet.stream_index)
    if track is not None and not packet.is_discard:
        track.add(time_of(packet) + offset, packet.duration or 0)


def packets_of(container: InputContainer, *streams: Stream) -> "Iterator[Packet[Stream]]":
    """The packets up to the end, or up to damage, where ffmpeg also stops."""
    try:
        for packet in container.demux(*streams):
            if packet.size and (packet.pts is not None or packet.dts is not None):
                yield packet
    except MemoryError:  # PyAV's is an FFmpegError, too
        raise
    except FFmpegError:
        return


def time_of(packet: "Packet[Stream]") -> int:
    """When a packet is shown or, if it does not say so, when it is decoded."""
    time = packet.dts if packet.pts is None else packet.pts
    return time or 0
