"""One small file of each kind that users upload."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.media import footage

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
BT2020_PQ = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How to create a file, and its expected facts: display size, duration, sound."""

    name: str
    make: Callable[[Path], None]
    width: int = 320
    height: int = 180
    seconds: float = 2.0
    sound: bool = True

    @property
    def suffix(self) -> str:
        """The extension of a file of this kind."""
        return Path(self.name).suffix


def _plain(path: Path, seconds: float = 2.0) -> None:
    footage.make(*footage.pattern(seconds), *footage.tone(seconds), *X264, "-c:a", "aac", str(path))


def _portrait(path: Path) -> None:
    upright = path.with_name(f"upright-{path.name}")
    _plain(upright)
    footage.make("-display_rotation", "90", "-i", str(upright), "-c", "copy", str(path))


def _variable(path: Path) -> None:
    drop = "select='lt(n,20)+not(mod(n,3))'"
    footage.make(
        *footage.pattern(2), *footage.tone(2), "-vf", drop, "-fps_mode", "vfr", *X264, str(path)
    )


def _surround(path: Path) -> None:
    sound = ["-af", "pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0"]
    footage.make(*footage.pattern(2), *footage.tone(2), *X264, *sound, "-c:a", "aac", str(path))


def _silent(path: Path) -> None:
    footage.make(*footage.pattern(2), *X264, str(path))


def _odd(path: Path) -> None:
    wide = ["-vf", "scale=321:181,setsar=1", "-c:v", "libx264", "-pix_fmt", "yuv444p"]
    footage.make(*footage.pattern(2), *footage.tone(2), *wide, str(path))


def _deep(path: Path) -> None:
    hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0:hdr10=1"]
    colours = ["-vf", f"{BT2020_PQ},format=yuv420p10le"]
    footage.make(*footage.pattern(2), *footage.tone(2), *colours, *hevc, str(path))


def _vp9(path: Path) -> None:
    vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
    footage.make(*footage.pattern(2), *footage.tone(2), *vp9, str(path))


def _recording(path: Path) -> None:
    """Like the output of a browser's MediaRecorder: no duration, no index."""
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"]
    command = [*footage.pattern(2), *footage.tone(2), *vp8, "-f", "webm"]
    whole = path.with_name(f"whole-{path.name}")
    footage.make(*command, "-live", "1", str(whole))
    whole.rename(path)


def _mp3(path: Path) -> None:
    footage.make(*footage.pattern(2), *footage.tone(2), *X264, "-c:a", "libmp3lame", str(path))


def _avi(path: Path) -> None:
    codecs = ["-c:v", "mpeg4", "-c:a", "libmp3lame"]
    footage.make(*footage.pattern(2), *footage.tone(2), *codecs, str(path))


def _anamorphic(path: Path) -> None:
    wide = ["-vf", "setsar=4/3", "-c:v", "mpeg2video", "-c:a", "mp2"]
    footage.make(*footage.pattern(2, size="240x180", rate=25), *footage.tone(2), *wide, str(path))


KINDS = (
    Kind(name="plain.mp4", make=_plain),
    Kind(name="plain.mov", make=_plain),
    Kind(name="plain.mkv", make=_plain),
    Kind(name="plain.ts", make=_plain),
    Kind(name="plain.avi", make=_avi),
    Kind(name="portrait-by-rotation.mp4", make=_portrait, width=180, height=320),
    Kind(name="variable-frame-rate.mp4", make=_variable),
    Kind(name="five-channels-and-bass.mp4", make=_surround),
    Kind(name="no-sound.mp4", make=_silent, sound=False),
    Kind(name="odd-sides.mp4", make=_odd, width=321, height=181),
    Kind(name="ten-bit-hdr-hevc.mp4", make=_deep),
    Kind(name="vp9-and-opus.webm", make=_vp9),
    Kind(name="browser-recording.webm", make=_recording),
    Kind(name="half-a-second.mp4", make=lambda path: _plain(path, 0.5), seconds=0.5),
    Kind(name="mp3-in-mp4.mp4", make=_mp3),
    Kind(name="oblong-pixels.ts", make=_anamorphic),
)


def make_kind(name: str, folder: Path) -> Path:
    """A file of the named kind, created in `folder`."""
    path = folder / name
    next(kind for kind in KINDS if kind.name == name).make(path)
    return path
