"""Crafted files of the old containers: each is refused or used within bounded time, and opens no other file."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import UnusableMedia, probe
from tests.support.media import footage
from tests.support.media.processes import used_by_children
from tests.worker.media.hostile.steps import make_raw_clip

MEGABYTE = 1 << 20
SOURCE = (*footage.pattern(1, size="64x64", rate=25), *footage.tone(1))
MAX_CPU_SECONDS = 15
"""Of a probe and a clip, of a file of at most 30 MB."""


def _nested_script_data(path: Path) -> None:
    """FLV metadata of objects inside objects, 500,000 deep (Adobe's FLV specification, E.4.4)."""
    footage.make(*SOURCE, "-c:v", "flv", "-ar", "44100", str(path))
    whole = path.read_bytes()
    body = b"\x02\x00\x0aonMetaData" + b"\x03\x00\x01a" * 500_000
    tag = b"\x12" + len(body).to_bytes(3, "big") + bytes(7) + body
    path.write_bytes(whole[:13] + tag + struct.pack(">I", len(tag)) + whole[13:])


def _vast_script_array(path: Path) -> None:
    """FLV metadata whose list of keyframes claims 2^32-1 entries."""
    footage.make(*SOURCE, "-c:v", "flv", "-ar", "44100", str(path))
    whole = path.read_bytes()
    array = b"\x0a\xff\xff\xff\xff" + b"\x00" + struct.pack(">d", 1.0)
    frames = b"\x03\x00\x0dfilepositions" + array + b"\x00\x05times" + array
    body = b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x09keyframes" + frames
    tag = b"\x12" + len(body).to_bytes(3, "big") + bytes(7) + body
    path.write_bytes(whole[:13] + tag + struct.pack(">I", len(tag)) + whole[13:])


def _ogg_of_many_streams(path: Path) -> None:
    """An Ogg file of 3,000 logical streams, one after the other (RFC 3533, 4)."""
    part = path.with_suffix(".part.ogv")
    footage.make(*footage.pattern(0.04, size="16x16", rate=25), "-c:v", "libtheora", str(part))
    path.write_bytes(part.read_bytes() * 3000)
    part.unlink()


def _program_stream_of_padding(path: Path) -> None:
    """A program stream with one pack of pictures, then 30 MB of padding (ISO/IEC 13818-1, 2.4.3.7)."""
    footage.make(*SOURCE, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob", str(path))
    padding = b"\x00\x00\x01\xbe\xff\xf8" + b"\xff" * 0xFFF8
    with path.open("ab") as file:
        file.write(padding * (30 * MEGABYTE // len(padding)))


def _program_stream_of_start_codes(path: Path) -> None:
    """A program stream followed by 8 MB of start codes of packets without any content."""
    footage.make(*SOURCE, "-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob", str(path))
    with path.open("ab") as file:
        file.write(b"\x00\x00\x01\xe0\x00\x03\x80\x00\x00" * (8 * MEGABYTE // 9))


def _asf_of_vast_objects(path: Path) -> None:
    """An ASF header whose objects claim 2^62 bytes and 2^31 entries."""
    footage.make(*SOURCE, "-c:v", "wmv2", "-c:a", "wmav2", str(path))
    content = bytearray(path.read_bytes())
    extended = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
    at = content.find(extended)
    assert at > 0
    struct.pack_into("<QH", content, at + 16, 1 << 62, 0xFFFF)
    path.write_bytes(content)


def _asf_that_names_another_file(path: Path) -> None:
    """An ASF whose script commands name a file (ASF specification, 3.6): a pipe, on which a reader would wait."""
    os.mkfifo(path.parent / "secret")
    footage.make(*SOURCE, "-c:v", "wmv2", "-c:a", "wmav2", str(path))
    content = path.read_bytes()
    name, url = "URL".encode("utf-16-le"), f"file:{path.parent / 'secret'}\0".encode("utf-16-le")
    commands = struct.pack("<H", 3) + name + struct.pack("<IHH", 0, 0, len(url) // 2) + url
    body = bytes(16) + struct.pack("<HH", 1, 1) + commands
    entry = bytes.fromhex("301afb1e620bd011a39b00a0c90348f6")
    entry += struct.pack("<Q", 24 + len(body)) + body
    size, count = struct.unpack_from("<QI", content, 16)
    header = struct.pack("<QI", size + len(entry), count + 1)
    path.write_bytes(content[:16] + header + content[28:30] + entry + content[30:])


CRAFTED: dict[str, Callable[[Path], None]] = {
    "nested.flv": _nested_script_data,
    "vast.flv": _vast_script_array,
    "streams.ogv": _ogg_of_many_streams,
    "padding.vob": _program_stream_of_padding,
    "codes.vob": _program_stream_of_start_codes,
    "vast.wmv": _asf_of_vast_objects,
    "names.wmv": _asf_that_names_another_file,
}


@pytest.mark.parametrize("name", CRAFTED)
async def test_a_crafted_file_becomes_a_clip_or_is_refused_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("FFMPEG_MEMORY_BYTES", str(1 << 30))
    path, clip = tmp_path / name, tmp_path / "clip.mp4"
    CRAFTED[name](path)
    with used_by_children() as used:
        assert str(tmp_path) not in await _outcome(path, clip)
    assert used.cpu_seconds < MAX_CPU_SECONDS


async def _outcome(path: Path, clip: Path) -> str:
    """The reason of a permanent refusal, or nothing if the file becomes a clip."""
    try:
        probe(path)
        await make_raw_clip(path, 0.4, clip)
    except UnusableMedia as refused:
        return refused.detail
    except FfmpegFailed as failed:
        if failed.transient:
            raise
        return failed.detail
    return ""
