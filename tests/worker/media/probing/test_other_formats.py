"""A file that is not of a supported container is refused with its true reason."""

import gzip
import io
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.media.containers import CONTAINERS
from tests.support.media import footage
from tests.worker.media.hostile.steps import refusal

_SOURCE = (*footage.pattern(0.4, size="96x64", rate=25), *footage.tone(0.4))
_DV = ("-vf", "scale=720:576", "-pix_fmt", "yuv420p")

VIDEOS: dict[str, tuple[str, list[str]]] = {
    "a.rm": ("a RealMedia file", ["-c:v", "rv10", "-c:a", "ac3"]),
    "a.mxf": ("an MXF file", ["-c:v", "mpeg2video", "-ar", "48000"]),
    "a.swf": ("a Flash animation (SWF)", ["-c:v", "flv", "-c:a", "libmp3lame"]),
    "a.dv": ("a raw DV recording", [*_DV, "-ar", "48000", "-ac", "2"]),
    "a.m2v": ("an MPEG video stream without a container", []),
    "a.m1v": ("an MPEG video stream without a container", ["-f", "mpeg1video"]),
    "a.h264": ("an H.264 stream without a container", ["-c:v", "libx264"]),
    "copied.h264": (  # begins with a message of the encoder, as a stream copied out of an MP4 does
        "an H.264 stream without a container",
        ["-c:v", "libx264", "-bsf:v", "filter_units=pass_types=1-6"],
    ),
    "a.hevc": ("an H.265 stream without a container", ["-c:v", "libx265"]),
    "a.m4v": ("an MPEG-4 video stream without a container", ["-f", "m4v", "-c:v", "mpeg4"]),
    "a.ivf": ("an IVF file", ["-c:v", "libvpx", "-deadline", "realtime"]),
    "a.y4m": ("a YUV4MPEG file", []),
    "a.nut": ("a NUT file", ["-c:v", "mpeg4"]),
    "a.gxf": ("a GXF file", ["-vf", "scale=720:576", "-c:v", "mpeg2video", "-ar", "48000"]),
}
NOT_VIDEOS: dict[str, tuple[str, list[str]]] = {
    "a.jpg": ("a JPEG picture", ["-frames:v", "1"]),
    "a.png": ("a PNG picture", ["-frames:v", "1"]),
    "a.gif": ("a GIF picture", []),
    "a.webp": ("a WebP picture", ["-frames:v", "1"]),
    "a.bmp": ("a BMP picture", ["-frames:v", "1"]),
    "a.tiff": ("a TIFF or raw camera picture", ["-frames:v", "1"]),
    "a.avif": ("an AVIF picture", ["-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8"]),
    "a.jxl": ("a JPEG XL picture", ["-frames:v", "1"]),
    "a.jp2": ("a JPEG 2000 picture", ["-frames:v", "1"]),
    "a.mp3": ("an MP3 sound file", ["-vn"]),
    "untagged.mp3": ("an MP3 sound file", ["-vn", "-id3v2_version", "0", "-write_xing", "0"]),
    "a.wav": ("a WAV sound file", ["-vn"]),
    "a.flac": ("a FLAC sound file", ["-vn"]),
    "a.aiff": ("an AIFF sound file", ["-vn"]),
    "a.aac": ("an AAC sound file", ["-vn"]),
    "a.ac3": ("an AC-3 sound file", ["-vn"]),
    "a.amr": ("an AMR sound file", ["-vn", "-ar", "8000", "-b:a", "12.2k"]),
    "a.caf": ("a CAF sound file", ["-vn"]),
    "a.wv": ("a WavPack sound file", ["-vn"]),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_of_an_unsupported_container_is_named_with_what_to_do(
    tmp_path: Path, name: str
) -> None:
    title, options = VIDEOS[name]
    footage.make(*_SOURCE, *options, str(tmp_path / name))
    refused = refusal(tmp_path / name)
    advice = "Convert it to MP4, for instance with HandBrake."
    assert refused.detail == f"This is {title}, which is not supported. {advice}"
    assert refused.code == "unsupported_container"


@pytest.mark.parametrize("name", NOT_VIDEOS)
def test_a_picture_or_a_sound_file_is_named(tmp_path: Path, name: str) -> None:
    title, options = NOT_VIDEOS[name]
    footage.make(*_SOURCE, *options, str(tmp_path / name))
    refused = refusal(tmp_path / name)
    assert refused.detail.startswith(f"This is {title}, ")
    assert refused.code == "not_a_video"


@pytest.mark.parametrize("name", ["a.m4a", "a.ogg", "a.wma", "a.mka"])
def test_sound_in_a_supported_container_is_said_to_have_no_picture(
    tmp_path: Path, name: str
) -> None:
    footage.make(*footage.tone(1), str(tmp_path / name))
    refused = refusal(tmp_path / name)
    assert (refused.code, refused.detail) == ("no_video", "The file contains sound but no video.")


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("film.mp4", b"film")
    return file.getvalue()


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("film.mp4"))
    return file.getvalue()


def _database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table film (id)")
    return connection.serialize()


WRITTEN: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip": ("a ZIP archive or an Office document, not a video. If a video is inside", _zip),
    "tar": ("a TAR archive, not a video. If a video is inside", _tar),
    "gzip": ("a gzip archive, not a video. If a video is inside", lambda: gzip.compress(b"film")),
    "database": ("a database, not a video", _database),
    "pdf": ("a PDF document, not a video", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
    "html": ("a web page (HTML), not a video", lambda: b"\n<!DOCTYPE html>\n<html><svg></svg>"),
    "xml": ("an XML document, not a video", lambda: b'<?xml version="1.0"?><film/>'),
    "utf-16": ("a text, not a video", lambda: "Grüße".encode("utf-16")),
    "text": ("a text, not a video", lambda: "Grüße, \N{CLAPPER BOARD}".encode()[:-1]),
    "m3u": ("a playlist (M3U), which only names other files", lambda: b"#EXTM3U\nfilm.ts\n"),
    "pls": ("a playlist (PLS), which only names other files", lambda: b"[playlist]\nFile1=a\n"),
    "asx": ("a playlist (ASX), which only names", lambda: b'<ASX version="3.0"><entry/></ASX>'),
    "dash": ("a playlist (DASH), which only names", lambda: b'<?xml version="1.0"?>\n<MPD/>'),
    "program": ("a program, not a video", lambda: b"MZ\x90\x00\x03\x00\x00\x00"),
    "heic": ("a HEIC picture, not a video", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" * 9),
    "dvd": ("the index of a DVD, which is not a whole video", lambda: b"DVDVIDEO-VTS\0\0\0"),
    "segment": ("a segment of an MP4 stream, which is not", lambda: b"\0\0\0\x18stypmsdh\0\0\0\0"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_documents_archives_playlists_and_parts_are_named(tmp_path: Path, name: str) -> None:
    start, write = WRITTEN[name]
    path = tmp_path / "film.mp4"
    path.write_bytes(write())
    assert refusal(path).detail.startswith(f"This is {start}")


@pytest.mark.parametrize("content", [bytes(5000), b"\x8f\x02\xc3" * 900, b"G" * 5000 + b"H\x00"])
def test_content_that_is_not_recognised_is_not_given_a_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    refused = refusal(path)
    assert refused.code == "not_a_video"
    assert refused.detail.startswith("The file's format is not recognised as a video. Upload ")
    for title in (title for each in CONTAINERS.values() for title in each.titles):
        assert title in refused.detail
