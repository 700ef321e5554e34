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
    "no_video",
    "no_duration",
    "too_long",
    "too_large",
    "too_many_streams",
    "too_many_channels",
    "unsupported_colours",
]


class UnusableMedia(Exception):
    """The file cannot be used as a video source.

    `code` is stable and meant for programs; `detail` is one sentence for the user. Neither contains
    the file's name or path.
    """

    def __init__(self, code: RefusalCode, detail: str) -> None:
        super().__init__(detail)
        self.code: RefusalCode = code
        self.detail = detail


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoFacts(_Facts):
    """The first video stream, as a viewer sees it.

    `width` and `height` are the displayed size: upright, in square pixels.
    `frame_rate` is frames per second (the average if `variable_frame_rate` is true), exact for
    broadcast rates (30000/1001). `rotation` is in clockwise degrees: 0, 90, 180 or 270.
    `transfer`, `matrix` and `primaries` are MediaInfo's names, None if the file does not state them. `rgb` is true if
    frames are stored as red, green and blue.
    """

    codec: str
    width: int
    height: int
    rotation: int
    pixel_aspect: float
    frame_rate: Fraction
    max_frame_rate: float | None
    variable_frame_rate: bool
    frame_count: int | None
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
    """The first audio stream. `sample_rate` is in Hz; `duration_seconds` is None if the file does not state it."""

    codec: str
    channels: int
    sample_rate: int
    duration_seconds: float | None


class MediaFacts(_Facts):
    """A usable video file. Sizes are in bytes."""

    container: ContainerName
    duration_seconds: float
    size_bytes: int
    video: VideoFacts
    audio: AudioFacts | None
