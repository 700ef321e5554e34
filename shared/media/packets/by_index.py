"""Measures by a file's index: of a whole MP4 or AVI, or the one that the headers of an MP4's fragments give."""

from av.container import InputContainer
from av.stream import Discard

from shared.media.input_file import InputFile, LimitReached
from shared.media.packets.by_packets import packets_of, time_of
from shared.media.track_times import Track

_REORDERED = 32
"""Pictures are stored at most 16 places from where they are shown."""

MIN_BYTES_PER_ENTRY = 4
"""What an index spends on each packet, if not the packet itself."""


def refuse_repeated(file: InputFile, container: InputContainer) -> None:
    """Raise LimitReached if the index has far more packets than the file can hold.

    An edit list may name the same pictures any number of times, and a table that gives all packets one size may claim
    any number of them. ffmpeg would take time and memory for each.
    """
    packets = sum(len(stream.index_entries) for stream in container.streams)
    if packets * MIN_BYTES_PER_ENTRY > file.size:
        raise LimitReached


def has_whole_index(file: InputFile, container: InputContainer, picture: Track) -> bool:
    """True for an AVI or MP4 file whose index lists all pictures."""
    if not len(picture.stream.index_entries):
        return False
    if container.format.name == "avi":
        return True
    return container.format.name.startswith("mov") and all(
        kind != b"moof" for kind, _, _ in file.boxes()
    )


def has_fragments(container: InputContainer) -> bool:
    """True for an MP4 file without a whole index."""
    return container.format.name.startswith("mov")


def read_fragment_headers(container: InputContainer) -> None:
    """Let libav go through all fragments, and so complete its index, without reading what is discarded."""
    for stream in container.streams:
        stream.discard = Discard.all
    for _ in packets_of(container):
        pass
    for stream in container.streams:
        stream.discard = Discard.default


def ends_beyond(file: InputFile, track: Track) -> bool:
    """Whether the last packet of a track ends beyond the end of the file."""
    entries = track.stream.index_entries
    return bool(len(entries)) and entries[-1].pos + entries[-1].size > file.size


def read_index(
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
        for packet in packets_of(container, track.stream):
            if not packet.is_discard:
                seen.add(time_of(packet), packet.duration or 0)
            if seen.packets >= _REORDERED and at == 0:
                break
        if at == 0:
            track.first = seen.first
        if seen.packets:
            track.end, track.last_duration = seen.end, seen.last_duration
