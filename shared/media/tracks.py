"""Turns MediaInfo's report about a file and its measured packets into facts, and refuses values outside the limits.

MediaInfo says how pictures are to be shown, the packets when: times and rates are measured, not taken from headers.

The sender of a file controls every number here. Some are stored in the database, others become arguments of ffmpeg. So
a value that no real video has is either a reason to refuse the file, or is ignored.
"""

import math
from typing import Any

from shared.media.containers import ContainerName
from shared.media.facts import AudioFacts, MediaFacts, UnusableMedia, VideoFacts
from shared.media.measured import MAX_CHANNELS, MeasuredStream, Measurement, audio_facts
from shared.media.refusals import other_formats
from shared.media.refusals.codecs import refuse_undecodable

MAX_SIDE = 8192
MAX_PIXELS = 8192 * 4320
MAX_DURATION_SECONDS = 4 * 3600
MIN_DURATION_SECONDS = 0.001
MAX_STREAMS = 16

MAX_PIXEL_ASPECT = 16
"""Width to height or height to width; pixels of cameras and discs stay below 3."""

MAX_BIT_DEPTH = 32
"""A value above its maximum is ignored, as if the file did not state it."""

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


def facts_of(
    tracks: list[Track], measurement: Measurement, container: ContainerName, size: int
) -> MediaFacts:
    """The facts of a file of `size` bytes. Raises UnusableMedia."""
    picture = measurement.picture
    if not measurement.readable:
        known = first_track(tracks, "Video") or container != "mpegts"
        raise UnusableMedia(
            *(
                ("unreadable", UNREADABLE)
                if known
                else ("not_a_video", other_formats.NOT_RECOGNISED)
            )
        )
    if picture is None:
        raise _no_video_error(bool(measurement.sounds), container)
    video = first_track(tracks, "Video") or {}
    refuse_undecodable(first_track(tracks, "General") or {}, video, picture.decoder)
    if picture.first_seconds is None:
        raise UnusableMedia("no_duration", "The file does not contain any playable video.")
    duration = picture.picture_end(measurement.sound_end)
    if duration < MIN_DURATION_SECONDS:
        raise UnusableMedia("no_duration", "The file does not contain any playable video.")
    if duration > MAX_DURATION_SECONDS:
        raise UnusableMedia("too_long", "The video is longer than 4 hours.")
    return MediaFacts(
        container=container,
        duration_seconds=duration,
        size_bytes=size,
        clock_start_seconds=measurement.clock_start_seconds,
        clock_jumps=measurement.clock_jumps,
        video=_video(_stated(picture) | video, picture),
        audio_tracks=_audio_tracks(tracks, measurement),
    )


def _stated(picture: MeasuredStream) -> Track:
    """What libav says of a picture, for what MediaInfo does not find."""
    return {"format": picture.codec or "unknown", "width": picture.width, "height": picture.height}


def _no_video_error(has_sound: bool, container: ContainerName) -> UnusableMedia:
    if has_sound:
        return UnusableMedia("no_video", "The file contains sound but no video.")
    if container == "mpegts":
        return UnusableMedia("not_a_video", other_formats.NOT_RECOGNISED)
    return UnusableMedia("no_video", "The file contains no video.")


def refuse_excess(tracks: list[Track]) -> None:
    """Refuse more streams or pixels than this system handles. Raises UnusableMedia."""
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


def _video(track: Track, picture: MeasuredStream) -> VideoFacts:
    width, height = number_of(track, "width") or 0, number_of(track, "height") or 0
    rotation = round((number_of(track, "rotation") or 0) / 90) * 90 % 360
    pace = picture.pace()
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
        start_seconds=max(0.0, picture.first_seconds or 0.0),
        frame_rate=pace.rate,
        max_frame_rate=pace.enough,
        variable_frame_rate=pace.variable,
        frame_count=picture.pictures(),
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


def _audio_tracks(reported: list[Track], measurement: Measurement) -> tuple[AudioFacts, ...]:
    sounds = measurement.sounds
    # Only MediaInfo names codecs for which there is no decoder.
    names = [_format(track) for track in reported if track.get("track_type") == "Audio"]
    if len(names) != len(sounds):
        names = [None] * len(sounds)
    tracks = tuple(
        audio_facts(number, sound, name)
        for number, (sound, name) in enumerate(zip(sounds, names, strict=True))
    )
    channels = max((track.channels or 0 for track in tracks), default=0)
    if channels > MAX_CHANNELS and not any(track.decodable for track in tracks):
        raise UnusableMedia(
            "too_many_channels",
            f"The sound has {channels} channels; the maximum is {MAX_CHANNELS}.",
        )
    return tracks


def _format(track: Track) -> str | None:
    return str(track.get("format", ""))[:40].encode("ascii", "ignore").decode() or None


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
