"""Measures how far pictures and sound of a clip are from those of a straight decode of its source.

`python -m tests.support.media.synchrony` prints the whole table: eight containers, four ways to begin, four cuts.

Every picture shows its number, and a beep starts with each second. The truth is what ffmpeg gives when it decodes the
file from its start: which picture is shown when, and when the beeps begin.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.reading.shown import LEAD_TOLERANCE_SECONDS
from shared.media.probe import probe
from tests.support.media import footage

RATE = 25
SECONDS = 8
LATE_SECONDS = 0.8
FIRST_NUMBER = 1024  # so that a black frame, which reads as 0, is none of them
ONE_FRAME_MS = 1000 / RATE

CUTS = {
    "at 0": (0.0, 1.48),
    "in the middle": (3.32, 4.6),
    "before a join": (5.12, 6.2),
    "after a join": (2.2, 3.32),
}
BEGINNINGS = ("together", "sound late", "picture late", "cut mid-GOP")

_EDGE_SECONDS = 0.12  # a beep that begins so near the edge of a cut may be cut itself

_H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "100", "-bf", "2"]
_MPEG2 = ["-c:v", "mpeg2video", "-q:v", "2", "-g", "75", "-bf", "2"]
_VP8 = ["-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-g", "100"]
_AAC, _MP2 = ["-c:a", "aac"], ["-c:a", "mp2"]


@dataclass(frozen=True, kw_only=True)
class Container:
    """How to write a container. A stream `bytes_per_packet` long can be cut anywhere, as a receiver does."""

    picture: Sequence[str]
    sound: Sequence[str]
    options: Sequence[str] = ()
    bytes_per_packet: int | None = None


CONTAINERS = {
    "ts": Container(picture=_H264, sound=_AAC, bytes_per_packet=188),
    "mpg": Container(picture=_MPEG2, sound=_MP2, options=["-f", "vob"], bytes_per_packet=2048),
    "mkv": Container(picture=_H264, sound=_AAC),
    "mp4": Container(picture=_H264, sound=_AAC),
    "mov": Container(picture=_H264, sound=_AAC),
    "avi": Container(
        picture=_H264, sound=["-c:a", "libmp3lame"], options=["-bsf:v", "h264_mp4toannexb"]
    ),
    "webm": Container(picture=_VP8, sound=["-c:a", "libopus"]),
    "flv": Container(picture=_H264, sound=_AAC),
}


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """The worst deviation in one cut, in milliseconds; infinite if a beep is missing."""

    picture_ms: float
    sound_ms: float

    @property
    def sync_ms(self) -> float:
        """How far apart picture and sound may be that belong together."""
        return self.picture_ms + self.sound_ms


def make_sources(suffix: str, folder: Path) -> dict[str, Path]:
    """A file for each of BEGINNINGS in the container with this suffix."""
    container = CONTAINERS[suffix]
    picture, sound = folder / f"picture-{suffix}.mkv", folder / f"sound-{suffix}.mkv"
    numbered = footage.numbered(SECONDS, rate=RATE, first=FIRST_NUMBER)
    footage.make(*numbered, *container.picture, str(picture))
    beep = f"aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(2*PI*880*t)\\,0):s=48000:d={SECONDS}"
    footage.make("-f", "lavfi", "-i", beep, *container.sound, str(sound))
    late = ["-itsoffset", str(LATE_SECONDS)]
    inputs = {
        "together": ["-i", str(picture), "-i", str(sound)],
        "sound late": ["-i", str(picture), *late, "-i", str(sound)],
        "picture late": [*late, "-i", str(picture), "-i", str(sound)],
    }
    files = {name: folder / f"{name.replace(' ', '-')}.{suffix}" for name in BEGINNINGS}
    for name, arguments in inputs.items():
        footage.make(*arguments, "-c", "copy", *container.options, str(files[name]))
    _cut_mid_gop(container, files["together"], files["cut mid-GOP"])
    return files


def _cut_mid_gop(container: Container, source: Path, target: Path) -> None:
    if container.bytes_per_packet is None:
        seek = ["-ss", "1.36", "-i", str(source), "-c", "copy"]
        footage.make(*seek, "-copyinkf", *container.options, str(target))
    else:
        data = source.read_bytes()
        packets = len(data) // container.bytes_per_packet
        target.write_bytes(data[packets // 10 * container.bytes_per_packet :])


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A straight decode: the times and numbers of pictures, and the times at which beeps begin."""

    pictures: Sequence[tuple[float, int]]
    beeps: Sequence[float]

    def number_at(self, seconds: float) -> int:
        """The number on screen; 0 before the first picture."""
        slack = 0.5 / RATE + 1e-6
        before = [number for time, number in self.pictures if time <= seconds + slack]
        return before[-1] if before else 0


def decode(path: Path) -> Truth:
    """Decode a source as it is."""
    # One run for both, because ffmpeg's clock begins with the first stream that it uses.
    with tempfile.TemporaryDirectory() as folder:
        times, sound = Path(folder) / "times.txt", Path(folder) / "sound.raw"
        note = ["-enc_time_base", "1/90000", "-stats_enc_pre:v", str(times)]
        both = [*note, "-stats_enc_pre_fmt:v", "{pts} {tb}"]
        heard = ["-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0", "-ac", "1"]
        numbers = footage.numbers(path, *both, also=[*heard, "-f", "s16le", "-y", str(sound)])
        shown = [int(line.split()[0]) / 90000 for line in times.read_text().splitlines()]
        beeps = footage.onsets(memoryview(sound.read_bytes()).cast("h"))
    return Truth(pictures=list(zip(shown, numbers, strict=True)), beeps=beeps)


async def deviations(source: Path, folder: Path) -> dict[str, Deviation]:
    """The deviations of one clip that joins all CUTS of a source."""
    truth, facts, clip = decode(source), probe(source), folder / "clip.mp4"
    cuts = [Cut(path=source, facts=facts, start=start, end=end) for start, end in CUTS.values()]
    canvas = Canvas(width=192, height=64, frame_rate=Fraction(RATE))
    await encode_clip(cuts, clip, canvas=canvas, work_dir=folder)
    numbers, beeps = footage.numbers(clip), footage.onsets(footage.samples(clip))
    found, done = dict[str, Deviation](), 0
    for name, (start, end) in CUTS.items():
        frames = round((end - start) * RATE)
        shift = done / RATE - start
        found[name] = Deviation(
            picture_ms=_picture_ms(truth, numbers[done : done + frames], start),
            sound_ms=_sound_ms([t + shift for t in truth.beeps], beeps, start + shift, end + shift),
        )
        done += frames
    return found


def _picture_ms(truth: Truth, numbers: Sequence[int], start: float) -> float:
    first = truth.pictures[0][0]
    worst = 0
    for frame, number in enumerate(numbers):
        time = start + frame / RATE
        if not first - LEAD_TOLERANCE_SECONDS - 0.5 / RATE <= time < first:
            worst = max(worst, abs(number - truth.number_at(time)))
    return worst * ONE_FRAME_MS


def _sound_ms(wanted: Sequence[float], heard: Sequence[float], start: float, end: float) -> float:
    """The worst distance of beeps in a cut; a beep too many or too few makes it infinite."""
    inside = [
        [time for time in times if start + _EDGE_SECONDS <= time < end - _EDGE_SECONDS]
        for times in (wanted, heard)
    ]
    if len(inside[0]) != len(inside[1]):
        return float("inf")
    return max((1000 * abs(a - b) for a, b in zip(*inside, strict=True)), default=0.0)


def table(rows: dict[tuple[str, str], dict[str, Deviation]]) -> str:
    """The deviations as text: picture and sound in milliseconds."""
    lines = [" " * 20 + "".join(f"{name:>18}" for name in CUTS)]
    for (suffix, beginning), row in rows.items():
        cells = (f"{cell.picture_ms:.0f} / {cell.sound_ms:.0f}" for cell in row.values())
        lines.append(f"{suffix:5} {beginning:14}" + "".join(f"{cell:>18}" for cell in cells))
    return "\n".join(lines)


async def measure(suffix: str, folder: Path) -> dict[tuple[str, str], dict[str, Deviation]]:
    """The rows of the table for one container."""
    sources = make_sources(suffix, folder)
    return {(suffix, name): await deviations(path, folder) for name, path in sources.items()}


async def _main() -> None:
    rows = dict[tuple[str, str], dict[str, Deviation]]()
    for suffix in CONTAINERS:
        with tempfile.TemporaryDirectory() as folder:
            rows |= await measure(suffix, Path(folder))
    sys.stdout.write(f"picture / sound, milliseconds off the straight decode\n{table(rows)}\n")


if __name__ == "__main__":
    asyncio.run(_main())
