"""A picture that cannot be decoded is refused with its codec's name, an encrypted one with that reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.media.facts import UnusableMedia
from shared.media.refusals.codecs import refuse_undecodable
from tests.support.media import footage
from tests.support.media.kinds import X264
from tests.worker.media.hostile.steps import refusal

SOURCE = footage.pattern(0.4, size="96x64", rate=25)
KEY = "00112233445566778899aabbccddeeff"
ADVICE = "Convert it to H.264 in MP4, for instance with HandBrake."


def _encode(*options: str) -> Callable[[Path], None]:
    return lambda path: footage.make(*SOURCE, *options, str(path))


def _renamed(old: bytes, new: bytes, *options: str) -> Callable[[Path], None]:
    """A file whose identifier of the codec is another one: ffmpeg has no encoder for that."""

    def make(path: Path) -> None:
        footage.make(*SOURCE, *options, str(path))
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))

    return make


UNDECODABLE = {
    "a.avi": ("Snow (SNOW)", _encode("-c:v", "snow")),
    "b.avi": ("Zip (ZMBV)", _encode("-c:v", "zmbv")),
    "a.flv": ("Screen video", _encode("-c:v", "flashsv")),
    "a.mov": ("JPEG 2000 (mjp2)", _encode("-c:v", "jpeg2000")),
    "b.mov": ("ProRes RAW (aprn)", _renamed(b"apcn", b"aprn", "-c:v", "prores")),
    "a.mp4": ("VVC (vvc1)", _encode("-c:v", "libvvenc", "-preset", "faster")),
    "a.wmv": ("Windows Media (MSS2)", _renamed(b"WMV2", b"MSS2", "-c:v", "wmv2")),
    "a.mkv": (
        "RealVideo 4 (V_REAL/RV40)",
        _renamed(b"V_MPEG4/ISO/ASP", b"V_REAL/RV40\0\0\0\0", "-c:v", "mpeg4"),
    ),
}


@pytest.mark.parametrize("name", UNDECODABLE)
def test_a_codec_that_cannot_be_decoded_is_named(tmp_path: Path, name: str) -> None:
    codec, make = UNDECODABLE[name]
    make(tmp_path / name)
    refused = refusal(tmp_path / name)
    assert refused.detail == f"The video's codec, {codec}, is not supported. {ADVICE}"
    assert refused.code == "unsupported_codec"


def _protected_wmv(path: Path) -> None:
    """A WMV with the object that rights management adds (ASF specification, 3.14)."""
    footage.make(*SOURCE, "-c:v", "wmv2", str(path))
    content = path.read_bytes()
    parts = (b"secret", b"DRM\0", b"key\0", b"http://licence.example/\0")
    body = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
    entry = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")
    entry += (24 + len(body)).to_bytes(8, "little") + body
    size, count = (int.from_bytes(content[a:b], "little") for a, b in ((16, 24), (24, 28)))
    header = (size + len(entry)).to_bytes(8, "little") + (count + 1).to_bytes(4, "little")
    path.write_bytes(content[:16] + header + content[28:30] + entry + content[30:])


_CENC = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY)
ENCRYPTED = {
    "common.mp4": _encode(*X264, *_CENC),
    "shop.m4v": _renamed(b"avc1", b"drmi", *X264, "-f", "mp4"),
    "rights.wmv": _protected_wmv,
}


@pytest.mark.parametrize("name", ENCRYPTED)
def test_an_encrypted_video_is_said_to_be_so(tmp_path: Path, name: str) -> None:
    ENCRYPTED[name](tmp_path / name)
    refused = refusal(tmp_path / name)
    assert refused.code == "encrypted"
    assert refused.detail.startswith("The video is encrypted against copying")
    assert "licence" not in refused.detail


@pytest.mark.parametrize("text", ["<b>x</b>", "a" * 41, "a\nb", "\u202eabc", "", None, 7.5, "  "])
def test_a_text_of_the_file_that_is_not_plain_is_left_out(text: Any) -> None:
    with pytest.raises(UnusableMedia) as refused:
        refuse_undecodable({}, {"format": text, "codec_id": text}, None)
    assert refused.value.detail in (
        f"The video's codec is not supported. {ADVICE}",
        f"The video's codec, 7.5, is not supported. {ADVICE}",
    )
