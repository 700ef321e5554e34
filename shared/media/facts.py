"""What is known about a media file: plain frozen values and the one way a file is refused."""

from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict

Container = Literal["mp4", "matroska", "avi", "mpegts"]

Refusal = Literal[
    "empty_file",
    "not_a_video",
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

    `code` is stable and meant for programs; `detail` is one sentence a user understands. Neither
    carries the file's name or path.
    """

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.code: Refusal = code
        self.detail = detail


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VideoFacts(_Facts):
    """The first video stream, as a viewer sees it.

    `width` and `height` are pixels as displayed: rotated upright, and with square pixels.
    `frame_rate` is frames per second (the average where `variable_frame_rate` is true), exact for
    the broadcast rates (30000/1001). `rotation` is clockwise degrees: 0, 90, 180 or 270.
    `transfer`, `matrix` and `primaries` are the names MediaInfo gives, None where the file does not say; `rgb` is
    true where the picture is stored as red, green and blue.
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
        """How many pixels a decoder makes of one picture, whatever shape they are shown in."""
        return self.width * self.height / self.pixel_aspect

    @property
    def hdr(self) -> bool:
        """True where the picture is PQ or HLG and needs tone mapping for an ordinary screen."""
        return self.transfer is not None and self.transfer.startswith(("PQ", "HLG"))


class AudioFacts(_Facts):
    """The first audio stream; `sample_rate` in Hz, `duration_seconds` None where not stated."""

    codec: str
    channels: int
    sample_rate: int
    duration_seconds: float | None


class MediaFacts(_Facts):
    """A usable video file: `container` is mp4, matroska, avi or mpegts; sizes are bytes."""

    container: Container
    duration_seconds: float
    size_bytes: int
    video: VideoFacts
    audio: AudioFacts | None
