"""Damages files as storage, networks and attackers do: flips bits and cuts off the end.

zzuf flips the bits if `make test` could fetch it or it is installed; otherwise a few lines of Python do the same.
Source: http://caca.zoy.org/wiki/zzuf.
"""

import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.programs import CHECKOUT
from tests.support.media import footage

RATIOS = (0.00005, 0.0002, 0.001, 0.004, 0.02)  # of the bits
_SIZE, _SECONDS = "96x64", 0.6

_VIDEO = [*footage.pattern(_SECONDS, size=_SIZE, rate=15), *footage.tone(_SECONDS)]
_X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "5"]
_NARROW_SOUND = ["-ar", "8000", "-ac", "1"]
FORMATS = {
    "mp4": [*_X264, "-c:a", "aac"],
    "mov": ["-c:v", "mjpeg", "-c:a", "pcm_s16le"],
    "webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    "mkv": [
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=0",
        "-c:a",
        "mp3",
    ],
    "avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "ts": ["-c:v", "mpeg2video", "-c:a", "mp2"],
    "wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
    "flv": ["-c:v", "flv", "-c:a", "libmp3lame"],
    "vob": ["-c:v", "mpeg2video", "-c:a", "ac3"],
    "ogv": ["-c:v", "libtheora", "-c:a", "libvorbis"],
    "3gp": ["-vf", "scale=128:96", "-c:v", "h263", "-c:a", "libopencore_amrnb", *_NARROW_SOUND],
}


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One damaged file of a format. The same seed gives the same damage."""

    format: str
    seed: int

    def write(self, whole: Path, target: Path) -> None:
        """Write a damaged copy of `whole`. Every fifth is truncated, and half of those have flipped bits too."""
        content = whole.read_bytes()
        rng = random.Random(self.seed)  # noqa: S311
        if self.seed % 5 == 0:
            content = content[: rng.randrange(len(content))]
        if self.seed % 10:
            content = _flipped(content, self.seed, rng.choice(RATIOS))
        target.write_bytes(content)


def mutations(count: int, first_seed: int = 0) -> Iterator[Mutation]:
    """`count` mutations, the formats in turn."""
    names = list(FORMATS)
    for index in range(count):
        yield Mutation(format=names[index % len(names)], seed=first_seed + index // len(names))


def make_whole(folder: Path) -> dict[str, Path]:
    """A short undamaged file of each format."""
    files = {name: folder / f"whole.{name}" for name in FORMATS}
    for name, path in files.items():
        footage.make(*_VIDEO, *FORMATS[name], str(path))
    return files


def zzuf() -> str | None:
    """The path of zzuf, if there is one."""
    unpacked = CHECKOUT / ".local" / "debian-zzuf" / "usr" / "bin" / "zzuf"
    return str(unpacked) if unpacked.exists() else shutil.which("zzuf")


def _flipped(content: bytes, seed: int, ratio: float) -> bytes:
    if program := zzuf():
        command = [program, "-s", str(seed), "-r", f"{ratio:.6f}"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout
    rng, data = random.Random(seed), bytearray(content)  # noqa: S311
    for _ in range(max(1, round(len(data) * 8 * ratio))):
        bit = rng.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
    return bytes(data)
