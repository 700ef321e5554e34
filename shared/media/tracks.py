"""Turns MediaInfo's report about a file into facts, and refuses files with values outside the limits.

The sender of a file controls every number here. Some are stored in the database, others become arguments of ffmpeg. So
a value that no real video has is either a reason to refuse the file, or is ignored.
"""

import math
from fractions import Fraction
from typing import Any

from shared.media import other_formats
from shared.media.containers import ContainerName
from shared.media.facts import AudioFacts, MediaFacts, UnusableMedia, VideoFacts

MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
MAX_DURATION_SECONDS = 4 * 3600
MAX_STREAMS = 16

MAX_PIXEL_ASPECT = 16
"""Width to height or height to width; pixels of cameras and discs stay below 3."""

MAX_FRAME_RATE = 1000
MAX_FRAMES = MAX_DURATION_SECONDS * MAX_FRAME_RATE
MAX_BIT_DEPTH = 32
MAX_SAMPLE_RATE = 768_000
"""A value above its maximum is ignored, as if the file did not state it."""

MAX_CHANNELS = 24
"""The channels of 22.2 surround. There is no known layout for more, so they cannot be mixed down to stereo."""

_UNSUPPORTED_MATRICES = (
    "YCgCo",
    "BT.2020 constant",
    "Y'D'zD'x",
    "Chromaticity-derived",
    "ICtCp",
    "IPT",
)
_UNSUPPORTED_TRANSFERS = ("Logarithmic",)
"""The beginnings of MediaInfo's names. ffmpeg knows these formats but cannot convert them."""

_ROUNDING = 0.0005  # MediaInfo writes three decimals

Track = dict[str, Any]

UNREADABLE = "The video file is damaged and cannot be read."


def facts_of(tracks: list[Track], container: ContainerName, size: int) -> MediaFacts:
    """The facts of a file of `size` bytes. Raises UnusableMedia."""
    general, video = first_track(tracks, "General") or {}, first_track(tracks, "Video")
    # ffmpeg does not find audio that is embedded in DV frames.
    audio = first_track([t for t in tracks if t.get("muxing_mode") != "DV"], "Audio")
    if video is None:
        raise _no_video_error(audio, container)
    _refuse_excess(tracks)
    duration = (number_of(general, "duration") or number_of(video, "duration") or 0) / 1000
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


def _no_video_error(audio: Track | None, container: ContainerName) -> UnusableMedia:
    if audio:
        return UnusableMedia("no_video", "The file contains sound but no video.")
    if container == "mpegts":
        return UnusableMedia("not_a_video", other_formats.NOT_RECOGNISED)
    return UnusableMedia("no_video", "The file contains no video.")


def _refuse_excess(tracks: list[Track]) -> None:
    streams = sum(track["track_type"] in ("Video", "Audio", "Text") for track in tracks)
    if streams > MAX_STREAMS:
        raise UnusableMedia(
            "too_many_streams",
            f"The file has {streams} streams; the maximum is {MAX_STREAMS}.",
        )
    for track in tracks:
        width, height = number_of(track, "width") or 0, number_of(track, "height") or 0
        if max(width, height) > MAX_SIDE:
            raise UnusableMedia(
                "too_large",
                f"The video is {width:.0f}x{height:.0f} pixels; the maximum is {MAX_SIDE}x{MAX_SIDE}.",
            )
        if width * height > MAX_PIXELS:
            raise UnusableMedia(
                "too_large",
                f"The video is {width:.0f}x{height:.0f} pixels; the maximum is {MAX_PIXELS} pixels in"
                " total, the area of 8192x4320.",
            )


def _video(track: Track) -> VideoFacts:
    width, height = number_of(track, "width") or 0, number_of(track, "height") or 0
    rotation = round((number_of(track, "rotation") or 0) / 90) * 90 % 360
    rate = _rate(track)
    if width < 1 or height < 1:
        raise UnusableMedia("unreadable", UNREADABLE)
    aspect = _pixel_aspect(track)
    shown = (max(1, round(width * aspect)), int(height))
    _refuse_stretched(*shown)
    _refuse_colours(track)
    across, down = shown if rotation % 180 == 0 else shown[::-1]
    return VideoFacts(
        codec=str(track.get("format", "unknown")),
        width=across,
        height=down,
        rotation=rotation,
        pixel_aspect=aspect,
        frame_rate=rate or Fraction(30),
        max_frame_rate=_plausible(track, "maximum_frame_rate", MAX_FRAME_RATE),
        variable_frame_rate=track.get("frame_rate_mode") == "VFR" or rate is None,
        frame_count=int(_plausible(track, "frame_count", MAX_FRAMES) or 0) or None,
        bit_depth=int(_plausible(track, "bit_depth", MAX_BIT_DEPTH) or 8),
        interlaced=track.get("scan_type") in ("Interlaced", "MBAFF", "PAFF"),
        transfer=track.get("transfer_characteristics"),
        matrix=track.get("matrix_coefficients"),
        primaries=track.get("color_primaries"),
        rgb=track.get("color_space") in ("RGB", "RGBA"),
    )


def _pixel_aspect(track: Track) -> float:
    """The width of a pixel divided by its height; 1 if the file states none, or 0."""
    aspect = number_of(track, "pixel_aspect_ratio") or 1.0
    if not 1 / MAX_PIXEL_ASPECT - _ROUNDING <= aspect <= MAX_PIXEL_ASPECT:
        raise UnusableMedia(
            "too_large",
            f"The pixel aspect ratio is above {MAX_PIXEL_ASPECT}:1 or below 1:{MAX_PIXEL_ASPECT}.",
        )
    return aspect


def _refuse_stretched(width: int, height: int) -> None:
    """Apply the limits of the stored size to the displayed size, which is rendered and stored in the database."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnusableMedia(
            "too_large",
            f"The video is displayed at {width}x{height} pixels; the maximum is {MAX_SIDE}x{MAX_SIDE}"
            f" and {MAX_PIXELS} pixels in total.",
        )


def _refuse_colours(track: Track) -> None:
    matrix, transfer = (
        str(track.get(key, "")) for key in ("matrix_coefficients", "transfer_characteristics")
    )
    for value, unsupported in ((matrix, _UNSUPPORTED_MATRICES), (transfer, _UNSUPPORTED_TRANSFERS)):
        if value.startswith(unsupported):
            raise UnusableMedia(
                "unsupported_colours",
                f"The video's colour encoding ({value[:40]}) is not supported.",
            )


def _rate(track: Track) -> Fraction | None:
    """Frames per second; exact if the value is a broadcast rate rounded to three decimals."""
    rate = _plausible(track, "frame_rate", MAX_FRAME_RATE)
    if not rate:
        return None
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if abs(float(exact) - rate) < 0.001:  # noqa: PLR2004
            return exact
    return Fraction(rate).limit_denominator(1000) or None


def _audio(track: Track) -> AudioFacts:
    duration = _plausible(track, "duration", MAX_DURATION_SECONDS * 1000)
    channels = int(number_of(track, "channel_s") or 0)
    if channels > MAX_CHANNELS:
        raise UnusableMedia(
            "too_many_channels",
            f"The sound has {channels} channels; the maximum is {MAX_CHANNELS}.",
        )
    return AudioFacts(
        codec=str(track.get("format", "unknown")),
        channels=max(0, channels) or 2,
        sample_rate=int(_plausible(track, "sampling_rate", MAX_SAMPLE_RATE) or 48000),
        duration_seconds=duration / 1000 if duration else None,
    )


def first_track(tracks: list[Track], kind: str) -> Track | None:
    """The first track of a kind, in MediaInfo's terms."""
    return next((track for track in tracks if track.get("track_type") == kind), None)


def number_of(track: Track, key: str) -> float | None:
    """A field as a finite number, or None. Of alternatives ("6 / 2") it is the first."""
    try:
        value = float(str(track.get(key)).split("/")[0])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _plausible(track: Track, key: str, maximum: float) -> float | None:
    """A field as a number above 0 and up to `maximum`, or None: no real video has another value."""
    value = number_of(track, key)
    return value if value is not None and 0 < value <= maximum else None
