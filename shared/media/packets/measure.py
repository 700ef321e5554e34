"""Measures a file by its packets, without decoding any: where each track begins and ends on the file's clock.

    an index (MP4, AVI)          the times of all pictures are in it; only the last packets are read, for their order
    fragments (MP4)              their headers give an index; the pictures are not read
    seek points (large Matroska)  the packets of the first and last megabytes
    anything else                 one pass over all packets

The file's clock is the one of the worker's ffmpeg: its zero is what ffmpeg calls the start time of the file, and jumps
of the clock are closed by ffmpeg's rule. Runs in the child process only, because it reads untrusted files.
"""

from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from shared.media.input_file import InputFile, LimitReached
from shared.media.packets.by_index import (
    ends_beyond,
    has_fragments,
    has_whole_index,
    read_fragment_headers,
    read_index,
    refuse_repeated,
)
from shared.media.packets.by_packets import has_seek_points, read_ends, read_packets
from shared.media.packets.report import UNREADABLE, report, tracks_of


def measure(file: InputFile, demuxer: str, decoders: str, max_streams: int) -> dict[str, Any]:
    """What the packets of a file say, as a document for `shared.media.measured`.

    Raises LimitReached if that takes more memory or reading than a file of its size may take.
    """
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
    except MemoryError as error:  # PyAV's is an FFmpegError, too
        raise LimitReached from error
    except FFmpegError:
        return UNREADABLE | {"unread": file.touched_unread}
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
    tracks, picture = tracks_of(container)
    if picture is None:
        return report(file, container, tracks)
    if has_whole_index(file, container, picture):
        refuse_repeated(file, container)
        missing = read_index(file, container, tracks, picture)
        return report(file, container, tracks, complete=not missing)
    if has_fragments(container):
        read_fragment_headers(container)
        refuse_repeated(file, container)
        missing = read_index(file, container, tracks, picture, fragments=True)
        # ffmpeg stops at the first packet that is missing, so what follows it does not count.
        cut = missing or any(ends_beyond(file, track) for track in tracks)
        return None if cut else report(file, container, tracks)
    if has_seek_points(file, container) and read_ends(file, container, tracks, picture):
        return report(file, container, tracks)
    return None


def _by_all_packets(file: InputFile, container: InputContainer) -> dict[str, Any]:
    tracks, _ = tracks_of(container)
    jumps = read_packets(container, tracks)
    return report(file, container, tracks, jumps=jumps)
