"""The containers that are supported: one row each for detection, decoding, storage and documentation.

The table is the only list. The probe and ffmpeg take the demuxer from it, uploads and signed URLs the content type, the
bucket its allowed types, error messages and the OpenAPI document the names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

ContainerName = Literal["mp4", "matroska", "avi", "mpegts", "mpegps", "asf", "flv", "ogg"]

HEAD_BYTES = 2048
"""How much of a file its container is recognised from."""

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_TS_SYNC = 0x47
_TS_MARKS = 5
_TS_PACKETS = (188, 192, 204)
"""Plain packets, those of camcorders with a time stamp, and those of broadcasts with error correction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """One supported container.

    `titles` is what people call its files, `demuxer` ffmpeg's name of its parser. `content_types` gives the media type
    of each file extension; the first one is announced for the content itself, whatever its name was.
    """

    titles: tuple[str, ...]
    demuxer: str
    content_types: Mapping[str, str]
    recognise: Callable[[bytes], bool]

    @property
    def content_type(self) -> str:
        """The media type of a file that turned out to be of this container."""
        return next(iter(self.content_types.values()))


def _starts_with(magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


def _is_transport_stream(head: bytes) -> bool:
    # A recording may begin in the middle of a packet.
    return any(
        head[first] == _TS_SYNC and set(head[first::packet][:_TS_MARKS]) == {_TS_SYNC}
        for packet in _TS_PACKETS
        if len(head) >= packet * _TS_MARKS
        for first in range(packet)
    )


CONTAINERS: Mapping[ContainerName, Container] = {
    "mp4": Container(
        titles=("MP4", "MOV", "3GP"),
        demuxer="mov",
        content_types={
            ".mp4": "video/mp4",
            ".m4v": "video/mp4",
            ".f4v": "video/mp4",
            ".mov": "video/quicktime",
            ".qt": "video/quicktime",
            ".3gp": "video/3gpp",
            ".3gpp": "video/3gpp",
            ".3g2": "video/3gpp2",
        },
        recognise=lambda head: head[4:8] in _MP4_BOXES,
    ),
    "matroska": Container(
        titles=("WebM", "MKV"),
        demuxer="matroska",
        content_types={".mkv": "video/x-matroska", ".webm": "video/webm"},
        recognise=_starts_with(b"\x1aE\xdf\xa3"),
    ),
    "avi": Container(
        titles=("AVI",),
        demuxer="avi",
        content_types={".avi": "video/x-msvideo", ".divx": "video/x-msvideo"},
        recognise=lambda head: head.startswith(b"RIFF") and head[8:12] == b"AVI ",
    ),
    "asf": Container(
        titles=("WMV",),
        demuxer="asf",
        content_types={".wmv": "video/x-ms-wmv", ".asf": "video/x-ms-asf"},
        recognise=_starts_with(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    ),
    "flv": Container(
        titles=("FLV",),
        demuxer="flv",
        content_types={".flv": "video/x-flv"},
        recognise=_starts_with(b"FLV\x01"),
    ),
    "mpegps": Container(
        titles=("MPEG", "VOB"),
        demuxer="mpeg",
        content_types={
            ".mpg": "video/mpeg",
            ".mpeg": "video/mpeg",
            ".m2p": "video/mpeg",
            ".mod": "video/mpeg",
            ".vob": "video/mpeg",
        },
        recognise=_starts_with(b"\x00\x00\x01\xba"),
    ),
    "ogg": Container(
        titles=("OGV",),
        demuxer="ogg",
        content_types={".ogv": "video/ogg", ".ogm": "video/ogg", ".ogg": "video/ogg"},
        recognise=_starts_with(b"OggS"),
    ),
    # The last one, because five bytes alone are the weakest sign.
    "mpegts": Container(
        titles=("MPEG-TS",),
        demuxer="mpegts",
        content_types={
            ".ts": "video/mp2t",
            ".mts": "video/mp2t",
            ".m2ts": "video/mp2t",
            ".m2t": "video/mp2t",
            ".tod": "video/mp2t",
        },
        recognise=_is_transport_stream,
    ),
}

CONTENT_TYPES: Mapping[str, str] = {
    extension: content_type
    for container in CONTAINERS.values()
    for extension, content_type in container.content_types.items()
}
"""The media type of a video by its extension, in lower case with its dot."""


def recognise(head: bytes) -> ContainerName | None:
    """The container of the file that begins with `head` (HEAD_BYTES of it), or None."""
    return next((name for name, each in CONTAINERS.items() if each.recognise(head)), None)


def supported_titles() -> str:
    """What may be uploaded, for a sentence: "MP4, MOV, ... or MPEG-TS"."""
    *others, last = (title for each in CONTAINERS.values() for title in each.titles)
    return f"{', '.join(others)} or {last}"
