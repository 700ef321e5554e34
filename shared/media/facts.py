"""The probed facts of a media file, and the error for a file that cannot be used."""

from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.media.containers import ContainerName

RefusalCode = Literal[
    "empty_file",
    "not_a_video",
    "unsupported_container",
    "unsupported_codec",
    "encrypted",
    "truncated",
    "unreadable",
    "too_complex",
    "no_video",
    "no_duration",
    "too_long",
    "too_large",
    "too_many_streams",
    "too_many_channels",
    "unsupported_colours",
]

TrackCode = Literal["unknown_audio_track", "undecodable_audio_track"]
"""Why a sound track that someone chose cannot be used."""


class UnusableMedia(Exception):
    """The file cannot be used as a video source, or not with the chosen sound track.

    `code` is stable and meant for programs; `detail` is one sentence for the user. Neither contains
    the file's name or path.
    """

    def __init__(self, code: RefusalCode | TrackCode, detail: str) -> None:
        super().__init__(detail)
        self.code: RefusalCode | TrackCode = code
        self.detail = detail


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoFacts(_Facts):
    """The first video stream, as a viewer sees it.

    `width` and `height` are the displayed size: upright, in square pixels.
    `start_seconds` is when its first picture is shown, on the file's clock.
    `frame_rate` is frames per second as measured from picture to picture (the average if `variable_frame_rate` is
    true), exact for broadcast rates (30000/1001). `max_frame_rate` is the rate of a clip that shows nearly every
    picture of its own: the frame rate if that is constant, see `shared.media.pace`. `rotation` is in clockwise
    degrees: 0, 90, 180 or 270.
    `transfer`, `matrix` and `primaries` are MediaInfo's names, None if the file does not state them. `rgb` is true if
    frames are stored as red, green and blue.
    """

    codec: str
    width: int
    height: int
    rotation: int
    pixel_aspect: float
    start_seconds: float
    frame_rate: Fraction
    max_frame_rate: float
    variable_frame_rate: bool
    frame_count: int
    bit_depth: int
    interlaced: bool
    transfer: str | None
    matrix: str | None
    primaries: str | None
    rgb: bool

    @property
    def stored_pixels(self) -> float:
        """How many pixels a decoder outputs per frame, before the pixel aspect ratio is applied."""
        return self.width * self.height / self.pixel_aspect

    @property
    def hdr(self) -> bool:
        """True for PQ and HLG, which need tone mapping for an ordinary screen."""
        return self.transfer is not None and self.transfer.startswith(("PQ", "HLG"))


class AudioFacts(_Facts):
    """One sound track.

    `number` is its place among the file's sound tracks, from 0, as in ffmpeg's `a:0`. `codec` is libav's name of it;
    without a decoder it is MediaInfo's name of the codec, or "unknown". `sample_rate` is in Hz; it and
    `channels` are None if they are not known.
    `language` is the file's tag (usually ISO 639-2), `default` the flag by which players choose. A track that is not
    `decodable` cannot be heard: there is no decoder for it, or it holds nothing.
    `start_seconds` and `end_seconds` are on the file's clock, None if the track holds nothing.
    """

    number: int
    codec: str
    channels: int | None
    sample_rate: int | None
    language: str | None
    title: str | None
    default: bool
    decodable: bool
    start_seconds: float | None
    end_seconds: float | None


class MediaFacts(_Facts):
    """A usable video file. Sizes are in bytes.

    Times are on the file's clock: its zero is the earliest time stamp of picture and sound (what ffmpeg calls the start
    time), and jumps of the clock are closed. `duration_seconds` is the end of the picture on it, as measured: the time
    of the last picture and how long that is shown. Sound may begin or end at other times.
    `clock_start_seconds` is the container's time stamp at time 0; `clock_jumps` is true if jumps were closed, so that
    later times differ from the time stamps by something else.
    """

    container: ContainerName
    duration_seconds: float
    size_bytes: int
    clock_start_seconds: float
    clock_jumps: bool
    video: VideoFacts
    audio_tracks: tuple[AudioFacts, ...]

    @property
    def audio(self) -> AudioFacts | None:
        """The sound track to use if no one chose another: the first default one that is decodable, else the first."""
        decodable = [track for track in self.audio_tracks if track.decodable]
        return next((track for track in decodable if track.default), next(iter(decodable), None))
