"""What MediaInfo says about a file, as facts: within what a video can have, or refused.

Every number here is a claim of the file's sender. Some end in the database, some in what ffmpeg is told to do: one that
no video has is either a reason to refuse the file, or not believed.
"""

import math
from fractions import Fraction
from typing import Any

from shared.media.facts import AudioFacts, Container, MediaFacts, UnusableMedia, VideoFacts

MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
MAX_DURATION_SECONDS = 4 * 3600
MAX_STREAMS = 16

MAX_PIXEL_ASPECT = 16
"""As wide as high, or as high as wide; cameras' and discs' pixels stay below 3."""

MAX_FRAME_RATE = 1000
MAX_FRAMES = MAX_DURATION_SECONDS * MAX_FRAME_RATE
MAX_BIT_DEPTH = 32
MAX_SAMPLE_RATE = 768_000
"""Above these a number is not believed: the file is taken as one that does not state it."""

MAX_CHANNELS = 24
"""As 22.2 surround has: what more of them would be is not known, so nothing can mix them to two."""

_UNSUPPORTED_MATRICES = (
    "YCgCo",
    "BT.2020 constant",
    "Y'D'zD'x",
    "Chromaticity-derived",
    "ICtCp",
    "IPT",
)
_UNSUPPORTED_TRANSFERS = ("Logarithmic",)
"""How these begin in MediaInfo's words. ffmpeg knows their names and does not convert them."""

_ROUNDING = 0.0005  # of what MediaInfo writes with three digits

Track = dict[str, Any]

NOT_A_VIDEO = "This is not a video file. Upload an MP4, MOV, WebM, MKV, AVI or MPEG-TS file."
UNREADABLE = "The video file is damaged and cannot be read."


def facts_of(tracks: list[Track], container: Container, size: int) -> MediaFacts:
    """The facts of a file of `size` bytes. Raises UnusableMedia."""
    general, video = first_track(tracks, "General") or {}, first_track(tracks, "Video")
    # Sound inside of DV's pictures is none that ffmpeg finds.
    audio = first_track([t for t in tracks if t.get("muxing_mode") != "DV"], "Audio")
    if video is None:
        raise _without_picture(audio, container)
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
        max_frame_rate=_believed(track, "maximum_frame_rate", MAX_FRAME_RATE),
        variable_frame_rate=track.get("frame_rate_mode") == "VFR" or rate is None,
        frame_count=int(_believed(track, "frame_count", MAX_FRAMES) or 0) or None,
        bit_depth=int(_believed(track, "bit_depth", MAX_BIT_DEPTH) or 8),
        interlaced=track.get("scan_type") in ("Interlaced", "MBAFF", "PAFF"),
        transfer=track.get("transfer_characteristics"),
        matrix=track.get("matrix_coefficients"),
        primaries=track.get("color_primaries"),
        rgb=track.get("color_space") in ("RGB", "RGBA"),
    )


def _pixel_aspect(track: Track) -> float:
    """How wide a pixel is for its height; 1 where the file does not say, or says 0."""
    aspect = number_of(track, "pixel_aspect_ratio") or 1.0
    if not 1 / MAX_PIXEL_ASPECT - _ROUNDING <= aspect <= MAX_PIXEL_ASPECT:
        raise UnusableMedia(
            "too_large",
            f"The pixel aspect ratio is above {MAX_PIXEL_ASPECT}:1 or below 1:{MAX_PIXEL_ASPECT}.",
        )
    return aspect


def _refuse_stretched(width: int, height: int) -> None:
    """What is shown is drawn and told: it keeps within the limits of what is stored."""
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
    for told, known in ((matrix, _UNSUPPORTED_MATRICES), (transfer, _UNSUPPORTED_TRANSFERS)):
        if told.startswith(known):
            raise UnusableMedia(
                "unsupported_colours",
                f"The video's colour encoding ({told[:40]}) is not supported.",
            )


def _rate(track: Track) -> Fraction | None:
    """Frames per second, exact where the number is a broadcast rate rounded to three digits."""
    rate = _believed(track, "frame_rate", MAX_FRAME_RATE)
    if not rate:
        return None
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if abs(float(exact) - rate) < 0.001:  # noqa: PLR2004
            return exact
    return Fraction(rate).limit_denominator(1000) or None


def _audio(track: Track) -> AudioFacts:
    duration = _believed(track, "duration", MAX_DURATION_SECONDS * 1000)
    channels = int(number_of(track, "channel_s") or 0)
    if channels > MAX_CHANNELS:
        raise UnusableMedia(
            "too_many_channels",
            f"The sound has {channels} channels; the maximum is {MAX_CHANNELS}.",
        )
    return AudioFacts(
        codec=str(track.get("format", "unknown")),
        channels=max(0, channels) or 2,
        sample_rate=int(_believed(track, "sampling_rate", MAX_SAMPLE_RATE) or 48000),
        duration_seconds=duration / 1000 if duration else None,
    )


def first_track(tracks: list[Track], kind: str) -> Track | None:
    """The first track of a kind, as MediaInfo calls it."""
    return next((track for track in tracks if track.get("track_type") == kind), None)


def number_of(track: Track, key: str) -> float | None:
    """A field as a finite number; where MediaInfo lists alternatives ("6 / 2") the first."""
    try:
        value = float(str(track.get(key)).split("/")[0])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _believed(track: Track, key: str, most: float) -> float | None:
    """A number above 0 and up to `most`; None for one that no video has."""
    value = number_of(track, key)
    return value if value is not None and 0 < value <= most else None
