"""Names a file that is of no supported container, so that its sender is told the true reason.

The names come from a table of our own. The libraries for magic bytes were tried: puremagic takes a file of zeros for an
embroidery design, an MP3 for a music store's file and every ZIP for a document; filetype knows neither RealMedia nor
MXF nor any text. A wrong name would be worse than none.
Sources: the formats' specifications; Wikipedia, List of file signatures.
"""

import codecs
import re
from typing import Literal

from shared.media.containers import supported_titles
from shared.media.facts import RefusalCode, UnusableMedia

Kind = Literal["video", "part", "picture", "sound", "document", "archive", "playlist"]

_CONVERT = "Convert it to MP4, for instance with HandBrake."
_UPLOAD = f"Upload a video file: {supported_titles()}."

NOT_RECOGNISED = f"The file's format is not recognised as a video. {_UPLOAD}"

_ADVICE: dict[Kind, tuple[RefusalCode, str]] = {
    "video": ("unsupported_container", f"which is not supported. {_CONVERT}"),
    "part": ("unsupported_container", f"which is not a whole video. {_UPLOAD}"),
    "picture": ("not_a_video", f"not a video. {_UPLOAD}"),
    "sound": ("not_a_video", f"which contains no picture. {_UPLOAD}"),
    "document": ("not_a_video", f"not a video. {_UPLOAD}"),
    "archive": ("not_a_video", f"not a video. If a video is inside, unpack it first. {_UPLOAD}"),
    "playlist": ("not_a_video", f"which only names other files. {_UPLOAD}"),
}

# The offset of the magic bytes, the bytes, the name with its article, and the kind.
_MAGIC: tuple[tuple[int, bytes, str, Kind], ...] = (
    # video
    (0, b".RMF", "a RealMedia file", "video"),
    (0, b"FWS", "a Flash animation (SWF)", "video"),
    (0, b"CWS", "a Flash animation (SWF)", "video"),
    (0, b"ZWS", "a Flash animation (SWF)", "video"),
    (0, b"DKIF", "an IVF file", "video"),
    (0, b"YUV4MPEG2", "a YUV4MPEG file", "video"),
    (0, b"nut/multimedia container", "a NUT file", "video"),
    (0, bytes.fromhex("b7d800203749da11a64e0007e95ead8d"), "a Windows TV recording (WTV)", "video"),
    (0, b"\xf5\x46\x7a\xbd", "a TiVo recording", "video"),
    (0, b"TiVo", "a TiVo recording", "video"),
    (0, b"\x00\x00\x00\x00\x01\xbc", "a GXF file", "video"),
    (0, b"NSVf", "a Nullsoft video (NSV)", "video"),
    (0, b"NSVs", "a Nullsoft video (NSV)", "video"),
    (0, b"BIK", "a Bink video", "video"),
    (0, b"KB2", "a Bink video", "video"),
    (0, b"SMK", "a Smacker video", "video"),
    (0, b"\x1f\x07\x00", "a raw DV recording", "video"),
    (4, b"RED1", "a REDCODE recording (R3D)", "video"),
    (4, b"RED2", "a REDCODE recording (R3D)", "video"),
    (4, b"ftypcrx ", "a Canon raw file (CR3 or CRM)", "video"),
    (4, b"styp", "a segment of an MP4 stream", "part"),
    (4, b"sidx", "a segment of an MP4 stream", "part"),
    (4, b"moof", "a segment of an MP4 stream", "part"),
    (8, b"CDXA", "a file of a Video CD", "video"),
    (8, b"AMV ", "an AMV file", "video"),
    (0, b"DVDVIDEO-", "the index of a DVD", "part"),
    (0, b"\x00\x00\x01\xb3", "an MPEG video stream without a container", "video"),
    (0, b"\x00\x00\x01\xb0", "an MPEG-4 video stream without a container", "video"),
    (0, b"\x00\x00\x01\x0f", "a VC-1 video stream without a container", "video"),
    # pictures
    (0, b"\xff\xd8\xff", "a JPEG picture", "picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture", "picture"),
    (0, b"GIF87a", "a GIF picture", "picture"),
    (0, b"GIF89a", "a GIF picture", "picture"),
    (8, b"WEBP", "a WebP picture", "picture"),
    (4, b"ftyphei", "a HEIC picture", "picture"),
    (4, b"ftypmif1", "a HEIC picture", "picture"),
    (4, b"ftypavif", "an AVIF picture", "picture"),
    (4, b"jP  ", "a JPEG 2000 picture", "picture"),
    (4, b"JXL ", "a JPEG XL picture", "picture"),
    (0, b"\xff\x0a", "a JPEG XL picture", "picture"),
    (0, b"II*\x00", "a TIFF or raw camera picture", "picture"),
    (0, b"MM\x00*", "a TIFF or raw camera picture", "picture"),
    (0, b"8BPS", "a Photoshop picture", "picture"),
    # sound
    (0, b"ID3", "an MP3 sound file", "sound"),
    (8, b"WAVE", "a WAV sound file", "sound"),
    (0, b"fLaC", "a FLAC sound file", "sound"),
    (8, b"AIFF", "an AIFF sound file", "sound"),
    (8, b"AIFC", "an AIFF sound file", "sound"),
    (0, b"#!AMR", "an AMR sound file", "sound"),
    (0, b"MThd", "a MIDI file", "sound"),
    (0, b"caff", "a CAF sound file", "sound"),
    (0, b".snd", "an AU sound file", "sound"),
    (0, b".ra\xfd", "a RealAudio file", "sound"),
    (0, b"wvpk", "a WavPack sound file", "sound"),
    (0, b"MAC ", "a Monkey's Audio file", "sound"),
    (0, b"DSD ", "a DSD sound file", "sound"),
    (0, b"\x0b\x77", "an AC-3 sound file", "sound"),
    # documents and archives
    (0, b"%PDF", "a PDF document", "document"),
    (0, b"{\\rtf", "an RTF document", "document"),
    (0, bytes.fromhex("d0cf11e0a1b11ae1"), "an old Office document", "document"),
    (0, b"SQLite format 3", "a database", "document"),
    (0, b"MZ", "a program", "document"),
    (0, b"\x7fELF", "a program", "document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document", "archive"),
    (0, b"Rar!", "a RAR archive", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "archive"),
    (0, b"\x1f\x8b", "a gzip archive", "archive"),
    (0, b"BZh", "a bzip2 archive", "archive"),
    (0, b"\xfd7zXZ", "an xz archive", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", "archive"),
    (257, b"ustar", "a TAR archive", "archive"),
)

# Signs that a fixed place and fixed bytes cannot express; found anywhere in the first bytes of binary content.
_PATTERNS: tuple[tuple[re.Pattern[bytes], str, Kind], ...] = (
    # A run-in of other bytes may come first (SMPTE ST 377-1, 6.5).
    (re.compile(rb"(?s).*\x06\x0e\x2b\x34\x02\x05\x01.\x0d\x01\x02"), "an MXF file", "video"),
    (
        # a delimiter, a message of the encoder, or the parameters of the sequence
        re.compile(rb"\x00?\x00\x00\x01(\x09[\x10-\xf0]|\x06|[\x27\x47\x67])"),
        "an H.264 stream without a container",
        "video",
    ),
    (
        re.compile(rb"\x00?\x00\x00\x01[\x40\x46\x4e]\x01"),
        "an H.265 stream without a container",
        "video",
    ),
    (re.compile(rb"\x00\x00\x01[\xbb-\xef]"), "an MPEG recording without its beginning", "part"),
    (re.compile(rb"\xff[\xf1\xf9][\x40-\x7f]"), "an AAC sound file", "sound"),
    (re.compile(rb"\xff[\xfa-\xfd\xf2-\xf7\xe2-\xe7][\x10-\xef]"), "an MP3 sound file", "sound"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "a BMP picture", "picture"),
)

_TEXTS: tuple[tuple[str, str, Kind], ...] = (
    ("#extm3u", "a playlist (M3U)", "playlist"),
    ("ffconcat ", "a playlist (ffconcat)", "playlist"),
    ("[playlist]", "a playlist (PLS)", "playlist"),
    ("v=0\n", "the description of a stream (SDP)", "playlist"),
    ("v=0\r", "the description of a stream (SDP)", "playlist"),
    ("{\\rtf", "an RTF document", "document"),
    ("%pdf", "a PDF document", "document"),
)
"""How a text begins, in lower case."""

_ELEMENTS: tuple[tuple[str, str, Kind], ...] = (
    ("<asx", "a playlist (ASX)", "playlist"),
    ("<mpd", "a playlist (DASH)", "playlist"),
    ("<smil", "a playlist (SMIL)", "playlist"),
    ("<playlist", "a playlist (XSPF)", "playlist"),
    ("<html", "a web page (HTML)", "document"),
    ("<!doctype html", "a web page (HTML)", "document"),
    ("<svg", "an SVG picture", "picture"),
    ("<?xml", "an XML document", "document"),
)
"""What a text in angle brackets contains; the most telling sign comes first."""

_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\ufffd]")


def refusal(head: bytes) -> UnusableMedia:
    """The reason why the file that begins with `head` cannot be used: it is of no supported container."""
    found = _named(head)
    if found is None:
        return UnusableMedia("not_a_video", NOT_RECOGNISED)
    name, kind = found
    code, advice = _ADVICE[kind]
    return UnusableMedia(code, f"This is {name}, {advice}")


def still_picture(head: bytes) -> UnusableMedia | None:
    """The refusal of a picture in MP4's box structure (HEIC, AVIF), or None."""
    found = _by_magic(head)
    return refusal(head) if found and found[1] == "picture" else None


def _named(head: bytes) -> tuple[str, Kind] | None:
    text = _text(head)
    if text is not None:
        return _text_kind(text.lstrip().lower())
    return _by_magic(head) or next(
        ((name, kind) for pattern, name, kind in _PATTERNS if pattern.match(head)), None
    )


def _by_magic(head: bytes) -> tuple[str, Kind] | None:
    for offset, magic, name, kind in _MAGIC:
        if head.startswith(magic, offset):
            return name, kind
    return None


def _text(head: bytes) -> str | None:
    """The beginning of a text file as text; None if it is binary. Its last character may be cut."""
    is_utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_utf_16 else "utf-8-sig")()
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError:
        return None
    return None if not text or _NOT_IN_TEXT.search(text) else text


def _text_kind(text: str) -> tuple[str, Kind]:
    for start, name, kind in _TEXTS:
        if text.startswith(start):
            return name, kind
    if text.startswith("<"):
        for element, name, kind in _ELEMENTS:
            if element in text:
                return name, kind
    return "a text", "document"
