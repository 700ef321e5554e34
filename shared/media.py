"""Looks at a media file without decoding it: the one probe of the public API and the worker.

    magic bytes  ->  MediaInfo in a child process  ->  MediaFacts, or UnusableMedia with a reason

The magic bytes come first because a file's name and type are claims of its sender: playlists and
concat lists are text that makes a parser open other files, and none of them passes. MediaInfo runs
in a child (see shared.media_reader), about 0.1 s each; `probe_async` waits for it in a thread.
"""

import asyncio
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from shared import media_reader
from shared.media_facts import AudioFacts, MediaFacts, UnusableMedia, VideoFacts

__all__ = ["AudioFacts", "MediaFacts", "UnusableMedia", "VideoFacts", "probe", "probe_async"]

MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
MAX_DURATION_SECONDS = 4 * 3600
MAX_STREAMS = 16
READER_TIMEOUT_SECONDS = 30

Container = Literal["mp4", "matroska", "avi", "mpegts"]
Track = dict[str, Any]

NOT_A_VIDEO = "This is not a video file. Send an MP4, MOV, WebM, MKV, AVI or MPEG-TS file."
TRUNCATED = "The file ends too early: part of the video is missing. Send the whole file again."
UNREADABLE = "The video file is damaged and cannot be read."

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}
_TS_SYNC = 0x47


def probe(path: Path) -> MediaFacts:
    """The facts of the video file at `path`.

    Takes about 0.1 s whatever the size; recordings without an index are read whole (a second per
    100 MB). Blocks: call `probe_async` from a coroutine.

    Raises:
        UnusableMedia: the file is no video this system can work with; says why.
        OSError: there is no such file.

    """
    size = path.stat().st_size
    if size == 0:
        raise UnusableMedia("empty_file", "The file is empty.")
    with path.open("rb") as file:
        container = _container(file)
        tracks = _read(file)
        _refuse_truncated(tracks, container)
        if _lacks_index(tracks):
            tracks = _read(file, media_reader.THOROUGH)
    return _facts(tracks, container, size)


async def probe_async(path: Path) -> MediaFacts:
    """`probe` off the event loop; same answers, same errors."""
    return await asyncio.to_thread(probe, path)


def _container(file: BinaryIO) -> Container:
    head = file.read(1024)
    if head[4:8] in _MP4_BOXES:
        return "mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    # 188-byte packets, or 192 with a timestamp in front (as camcorders write them)
    for first, packet in ((0, 188), (4, 192)):
        marks = head[first::packet][:4]
        if len(marks) == 4 and set(marks) == {_TS_SYNC}:  # noqa: PLR2004
            return "mpegts"
    raise UnusableMedia("not_a_video", NOT_A_VIDEO)


def _read(file: BinaryIO, *options: str) -> list[Track]:
    file.seek(0)
    command = [sys.executable, "-I", media_reader.__file__, *options]
    try:
        done = subprocess.run(
            command,
            stdin=file,
            capture_output=True,
            env={},
            cwd="/",
            timeout=READER_TIMEOUT_SECONDS,
            check=True,
        )
        return cast("list[Track]", json.loads(done.stdout))
    except (subprocess.SubprocessError, ValueError) as error:
        raise UnusableMedia("unreadable", UNREADABLE) from error


def _refuse_truncated(tracks: list[Track], container: Container) -> None:
    general = _first(tracks, "General") or {}
    # A broadcast stream may stop anywhere, and a browser's live WebM never states its size, which
    # MediaInfo calls truncated too: such a file plays to where it ends.
    endless = container == "mpegts" or (
        container == "matroska" and not _number(general, "duration")
    )
    if "istruncated" in general and not endless:
        raise UnusableMedia("truncated", TRUNCATED)


def _lacks_index(tracks: list[Track]) -> bool:
    """True for a browser's recording or a broadcast stream, whose headers do not tell the time."""
    video = _first(tracks, "Video")
    return video is not None and not (_number(video, "duration") and _number(video, "frame_rate"))


def _facts(tracks: list[Track], container: Container, size: int) -> MediaFacts:
    general, video = _first(tracks, "General") or {}, _first(tracks, "Video")
    audio = _first(tracks, "Audio")
    if video is None:
        raise _without_picture(audio, container)
    _refuse_excess(tracks)
    duration = (_number(general, "duration") or _number(video, "duration") or 0) / 1000
    if duration <= 0:
        raise UnusableMedia("no_duration", "The file does not contain any playable video.")
    if duration > MAX_DURATION_SECONDS:
        raise UnusableMedia("too_long", "The video is longer than 4 hours.")
    return MediaFacts(
        container=container,
        duration_seconds=duration,
        size_bytes=size,
        video=_video(video),
        audio=_audio(audio) if audio else None,
    )


def _without_picture(audio: Track | None, container: Container) -> UnusableMedia:
    if audio:
        return UnusableMedia("no_video", "The file contains sound but no video.")
    if container == "mpegts":
        return UnusableMedia("not_a_video", NOT_A_VIDEO)
    return UnusableMedia("no_video", "The file contains no video.")


def _refuse_excess(tracks: list[Track]) -> None:
    streams = sum(track["track_type"] in ("Video", "Audio", "Text") for track in tracks)
    if streams > MAX_STREAMS:
        raise UnusableMedia(
            "too_many_streams",
            f"The file has {streams} streams; at most {MAX_STREAMS} are allowed.",
        )
    for track in tracks:
        width, height = _number(track, "width") or 0, _number(track, "height") or 0
        if max(width, height) > MAX_SIDE:
            raise UnusableMedia(
                "too_large",
                f"The picture is {width:.0f}x{height:.0f}; at most {MAX_SIDE}x{MAX_SIDE} is allowed.",
            )
        if width * height > MAX_PIXELS:
            raise UnusableMedia(
                "too_large",
                f"The picture is {width:.0f}x{height:.0f}; at most {MAX_PIXELS} pixels are"
                " allowed, as 8192x4320 has.",
            )


def _video(track: Track) -> VideoFacts:
    width, height = _number(track, "width") or 0, _number(track, "height") or 0
    aspect = _number(track, "pixel_aspect_ratio") or 1.0
    rotation = round((_number(track, "rotation") or 0) / 90) * 90 % 360
    rate = _rate(track)
    if width < 1 or height < 1:
        raise UnusableMedia("unreadable", UNREADABLE)
    shown = (max(1, round(width * aspect)), int(height))
    across, down = shown if rotation % 180 == 0 else shown[::-1]
    return VideoFacts(
        codec=str(track.get("format", "unknown")),
        width=across,
        height=down,
        rotation=rotation,
        pixel_aspect=aspect,
        frame_rate=rate or Fraction(30),
        max_frame_rate=_number(track, "maximum_frame_rate"),
        variable_frame_rate=track.get("frame_rate_mode") == "VFR" or rate is None,
        frame_count=int(_number(track, "frame_count") or 0) or None,
        bit_depth=int(_number(track, "bit_depth") or 8),
        interlaced=track.get("scan_type") in ("Interlaced", "MBAFF", "PAFF"),
        transfer=track.get("transfer_characteristics"),
        matrix=track.get("matrix_coefficients"),
        rgb=track.get("color_space") in ("RGB", "RGBA"),
    )


def _rate(track: Track) -> Fraction | None:
    """Frames per second, exact where the number is a broadcast rate rounded to three digits."""
    rate = _number(track, "frame_rate")
    if not rate:
        return None
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if abs(float(exact) - rate) < 0.001:  # noqa: PLR2004
            return exact
    return Fraction(rate).limit_denominator(1000) or None


def _audio(track: Track) -> AudioFacts:
    duration = _number(track, "duration")
    return AudioFacts(
        codec=str(track.get("format", "unknown")),
        channels=int(_number(track, "channel_s") or 2),
        sample_rate=int(_number(track, "sampling_rate") or 48000),
        duration_seconds=duration / 1000 if duration else None,
    )


def _first(tracks: list[Track], kind: str) -> Track | None:
    return next((track for track in tracks if track.get("track_type") == kind), None)


def _number(track: Track, key: str) -> float | None:
    """A field as a finite number; where MediaInfo lists alternatives ("6 / 2") the first."""
    try:
        value = float(str(track.get(key)).split("/")[0])
    except ValueError:
        return None
    return value if math.isfinite(value) else None
