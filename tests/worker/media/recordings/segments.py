"""The boxes of a fragmented MP4, and what a page's player appends: an initialisation segment, then media segments.

Source: ISO/IEC 14496-12 (boxes), https://www.w3.org/TR/mse-byte-stream-format-isobmff/ (segments).
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Segments:
    """`head` is `ftyp` and `moov`; each of `media` is a `moof` with its `mdat`."""

    head: bytes
    media: list[bytes]


def split(data: bytes) -> Segments:
    """The segments of a whole file. An index after the last one is left out."""
    head, media = b"", list[bytes]()
    for kind, box in boxes(data):
        if kind == b"moof":
            media.append(box)
        elif media and kind == b"mdat":
            media[-1] += box
        elif not media:
            head += box
    return Segments(head=head, media=media)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the bytes of each box, header included."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert size >= 8, "boxes of 64-bit sizes do not occur here"
        yield kind, data[at : at + size]
        at += size


def later(segment: bytes, seconds: int, timescales: dict[int, int]) -> bytes:
    """A segment that begins later; `timescales` are the ticks per second of each track."""

    def moved(track: int, box: bytes) -> bytes:
        assert box[8] == 1, "tfdt of version 1"
        (ticks,) = struct.unpack_from(">Q", box, 12)
        return box[:12] + struct.pack(">Q", ticks + seconds * timescales[track])

    return _changed(segment, b"tfdt", moved)


def without_samples(segment: bytes) -> bytes:
    """An empty segment at the same time, as packagers write where a live stream paused."""
    moof = next(box for kind, box in boxes(segment) if kind == b"moof")
    # A trun without samples, whose only field is where they would lie.
    moof = _changed(moof, b"trun", lambda _, box: box[:9] + b"\0\0\1" + bytes(4) + box[16:20])
    return moof + struct.pack(">I4s", 8, b"mdat")


def timescales(head: bytes) -> dict[int, int]:
    """The ticks per second of each track."""
    found = dict[int, int]()
    track = 0
    for kind, box in _inside(head):
        if kind == b"tkhd":
            (track,) = struct.unpack_from(">I", box, 28 if box[8] else 20)
        elif kind == b"mdhd":
            (found[track],) = struct.unpack_from(">I", box, 28 if box[8] else 20)
    return found


_PARENTS = {b"moov", b"trak", b"mdia", b"moof", b"traf"}


def _inside(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, box in boxes(data):
        yield kind, box
        if kind in _PARENTS:
            yield from _inside(box[8:])


def _changed(data: bytes, wanted: bytes, change: Callable[[int, bytes], bytes]) -> bytes:
    """The same boxes with those of one kind changed by its track and its bytes; sizes are corrected."""
    changed, track = b"", 0
    for kind, box in boxes(data):
        content = box[8:]
        if kind == b"tfhd":
            (track,) = struct.unpack_from(">I", box, 12)
        if kind == wanted:
            content = change(track, box)[8:]
        elif kind in _PARENTS:
            content = _changed(content, wanted, change)
        changed += struct.pack(">I4s", 8 + len(content), kind) + content
    return changed
