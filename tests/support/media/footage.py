"""Makes small videos with known content, and reads that content back from an output."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pipeline.ffmpeg.process import executable

BITS = 12  # frame numbers up to 4095
NUMBER_SIZE = "192x64"
LOUD = 3000  # of 32767

CASES = Path(__file__).with_name("cases")
"""Synthetic files, each of which shows a kind of fault. Chromium's MediaRecorder wrote mrs_*.webm, in time slices."""


def make(*arguments: str) -> None:
    """Run ffmpeg with these arguments; it must succeed."""
    command = [executable(), "-nostdin", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def read(path: Path, *arguments: str) -> bytes:
    """The standard output of ffmpeg decoding `path`."""
    command = [executable(), "-nostdin", "-v", "error", "-i", str(path), *arguments, "pipe:1"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def tone(seconds: float) -> list[str]:
    """An input with a steady tone."""
    return ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}"]


def pattern(seconds: float, *, size: str = "320x180", rate: int | str = 30) -> list[str]:
    """An input with a moving test pattern."""
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def numbered(seconds: float, *, rate: int | str = 30) -> list[str]:
    """An input in which each frame shows its own number: a white or black column per bit."""
    column = "floor(X/16)"
    bit = f"mod(floor(N/pow(2\\,{column}))\\,2)"
    source = f"color=size={NUMBER_SIZE}:rate={rate}:duration={seconds}"
    return ["-f", "lavfi", "-i", f"{source},geq=lum='16+219*{bit}':cb=128:cr=128,format=yuv420p"]


def numbers(path: Path) -> list[int]:
    """The numbers that the frames of a `numbered` video show, one per frame."""
    filters = f"scale={BITS}:1:flags=area,format=gray"
    raw = read(path, "-map", "0:v", "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo")
    return [
        sum((raw[first + bit] > 125) << bit for bit in range(BITS))
        for first in range(0, len(raw), BITS)
    ]


def lumas(path: Path) -> list[int]:
    """The mean brightness of each frame, 0 to 255."""
    filters = "scale=1:1:flags=area,format=gray"
    return list(
        read(path, "-map", "0:v", "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo")
    )


def samples(path: Path) -> memoryview:
    """The sound as 16-bit mono samples at 48 kHz."""
    raw = read(path, "-map", "0:a", "-ac", "1", "-ar", "48000", "-f", "s16le")
    return memoryview(raw).cast("h")


def colours(path: Path, at: Sequence[tuple[int, int]], size: tuple[int, int]) -> list[bytes]:
    """Red, green and blue of the first frame at the points `at`, as a player shows them."""
    raw = read(path, "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo")
    assert len(raw) == 3 * size[0] * size[1]
    return [raw[3 * (y * size[0] + x) : 3 * (y * size[0] + x) + 3] for x, y in at]


def onsets(sound: memoryview, *, quiet: int = 4800) -> list[float]:
    """The times at which sound starts after at least `quiet` silent samples, in seconds."""
    found: list[float] = []
    last = -quiet
    for index, value in enumerate(sound):
        if abs(value) > LOUD:
            if index - last >= quiet:
                found.append(index / 48000)
            last = index
    return found


def names(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def cut_off(path: Path, target: Path) -> None:
    """Write the first half of a file's bytes to `target`."""
    target.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def described(path: Path) -> str:
    """ffmpeg's description of a file."""
    command = [executable(), "-nostdin", "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, check=False).stderr.decode()
