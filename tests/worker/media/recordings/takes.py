"""What is recorded: every codec, container and way of recording that Chromium offers, and what people do meanwhile."""

from dataclasses import dataclass
from itertools import product
from typing import Any

SECONDS = 3.2

CODECS = {
    "webm": ("vp8", "vp9", "avc1.42E01E", "av01.0.04M.08"),
    "x-matroska": ("vp8", "vp9", "avc1.42E01E", "av01.0.04M.08"),
    "mp4": ("vp9", "avc1.42E01E", "avc3.42E01E", "av01.0.04M.08"),
}
"""The containers of MediaRecorder in Debian's Chromium 156, and the picture codecs that each may hold."""


OTHER_CODECS = ("hvc1.1.6.L93.B0", "hev1.1.6.L93.B0", "vp09.00.10.08", "theora")
"""What other builds and later versions may record."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A canvas. It changes at every `every`-th thirtieth of a second, and grows by half at the second `grows_at`."""

    width: int = 192
    height: int = 128
    every: int = 1
    grows_at: float | None = None


STAGES = {
    "usual": Stage(),
    "portrait": Stage(width=192, height=340),
    "growing": Stage(grows_at=1.8),
    "rarely changing": Stage(every=40),
}


@dataclass(frozen=True, kw_only=True)
class Take:
    """One recording.

    `type` is MediaRecorder's mimeType; `slice_ms` is its time slice, None for one piece at the end. `actions` are its
    methods, called at a second of the recording. An abandoned take is never stopped: its page is closed.
    `key_frame_ms` is the time between pictures that stand alone, None for the browser's choice. Chromium begins a
    fragment of an MP4 at each.
    """

    name: str
    type: str
    slice_ms: int | None = 500
    sound: bool = True
    stage: str = "usual"
    seconds: float = SECONDS
    actions: tuple[tuple[float, str], ...] = ()
    abandoned: bool = False
    key_frame_ms: int | None = None

    @property
    def recorded_seconds(self) -> float:
        """How long the recording is: without its pauses."""
        signs = {"pause": 1, "resume": -1}
        return self.seconds + sum(signs.get(action, 0) * at for at, action in self.actions)


_SUFFIXES = {"webm": "webm", "x-matroska": "mkv", "mp4": "mp4"}


def _matrix(container: str) -> list[Take]:
    def name(codec: str, slice_ms: int | None, *, sound: bool) -> str:
        parts = (
            codec[:4].rstrip("."),
            "sliced" if slice_ms else "whole",
            "sound" if sound else "mute",
        )
        return f"{'-'.join(parts)}.{_SUFFIXES[container]}"

    return [
        Take(
            name=name(codec, slice_ms, sound=sound),
            type=f"video/{container};codecs={codec}{',opus' if sound else ''}",
            slice_ms=slice_ms,
            sound=sound,
        )
        for codec, (slice_ms, sound) in zip(CODECS[container], _rotated(container), strict=True)
    ]


def _rotated(container: str) -> list[tuple[int | None, bool]]:
    """Each way of recording once, beginning elsewhere in each container.

    So each container has every codec and every way, and a codec has another way in each container.
    """
    ways: list[tuple[int | None, bool]] = list(product((300, None), (True, False)))
    first = list(CODECS).index(container)
    return ways[first:] + ways[:first]


_VP8, _VP9 = "video/webm;codecs=vp8,opus", "video/webm;codecs=vp9,opus"
_MKV, _MP4 = "video/x-matroska;codecs=avc1,opus", "video/mp4;codecs=avc1.42E01E,opus"


def _in_each_container(name: str, **options: Any) -> list[Take]:
    containers = {"webm": _VP8, "mkv": _MKV, "mp4": _MP4}
    return [
        Take(name=f"{name}.{suffix}", type=kind, **options) for suffix, kind in containers.items()
    ]


SLICES = [
    *_in_each_container(
        "asked",
        slice_ms=None,
        actions=(
            (0.7, "requestData"),
            (1.1, "requestData"),
            (1.11, "requestData"),
            (2.5, "requestData"),
        ),
    ),
    *_in_each_container("paused", actions=((1.0, "pause"), (2.0, "resume"))),
    Take(name="uncompressed-sound.mkv", type="video/x-matroska;codecs=avc1,pcm"),
    Take(name="default.webm", type="video/webm"),
    Take(name="fragments.mp4", type=_MP4, key_frame_ms=500),
]
PICTURES = [
    Take(name="portrait.mp4", type=_MP4, stage="portrait"),
    Take(name="camera.webm", type=_VP8, stage="camera"),
    Take(name="camera.mp4", type=_MP4, stage="camera"),
    Take(name="growing-vp8.webm", type=_VP8, stage="growing"),
    Take(name="growing-vp9.webm", type=_VP9, stage="growing"),
    *_in_each_container("growing", stage="growing")[1:],
]
ENDS = [
    *_in_each_container("rarely-changing", stage="rarely changing", seconds=5.0),
    *_in_each_container("cut-off", abandoned=True, key_frame_ms=500, seconds=4.0),
]
ODD = [*SLICES, *PICTURES, *ENDS]

MATRIX = [take for container in CODECS for take in _matrix(container)]

BATCHES = {"matrix": MATRIX, "slices": SLICES, "pictures and ends": [*PICTURES, *ENDS]}
"""Takes that are recorded at the same time, in one page."""
