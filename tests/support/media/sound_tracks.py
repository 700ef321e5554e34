"""Makes small videos with several sound tracks, of which some are silent, damaged or of an unknown codec."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import av

from tests.support.media import footage
from tests.support.media.kinds import X264

CASES = Path(__file__).with_name("cases")
"""Files of recorders and phones, imitated: see the tests for what each has."""

SILENCE = 0

_AAC_BOXES = {b"mp4a": b"apac", b"esds": b"free"}
"""What says that a track is AAC, and with what it is Apple's codec for spatial sound, which ffmpeg cannot decode."""


def make(
    path: Path,
    tones: Sequence[int],
    *,
    default: Collection[int] = (),
    languages: Mapping[int, str] | None = None,
    seconds: float = 2,
) -> Path:
    """A video whose sound tracks are tones of these frequencies in Hz (or SILENCE); `default` are the marked ones."""
    arguments = footage.pattern(seconds, rate=10)
    maps = ["-map", "0"]
    for number, hertz in enumerate(tones):
        source = (
            f"sine=frequency={hertz}:sample_rate=48000" if hertz else "anullsrc=r=48000:cl=mono"
        )
        arguments += ["-f", "lavfi", "-t", str(seconds), "-i", source]
        mark = "default" if number in default else "0"
        maps += ["-map", str(number + 1), f"-disposition:a:{number}", mark]
        if language := (languages or {}).get(number):
            maps += [f"-metadata:s:a:{number}", f"language={language}"]
    footage.make(*arguments, *maps, *X264, "-c:a", "aac", str(path))
    return path


def damage(path: Path, number: int, *, since: float = 0, until: float = 1e9) -> Path:
    """Overwrite the packets of a sound track of an MP4 between two times with what is no AAC."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        stream = container.streams.audio[number]
        for packet in container.demux(stream):
            if packet.pts is None or packet.pos is None:
                continue
            if since <= packet.pts * packet.time_base < until:
                data[packet.pos : packet.pos + packet.size] = b"\xa5" * packet.size
    path.write_bytes(data)
    return path


def make_undecodable(path: Path, number: int) -> Path:
    """Change the codec of an AAC track of an MP4 to one that ffmpeg cannot decode."""
    data = path.read_bytes()
    for box, other in _AAC_BOXES.items():
        at = -1
        for _ in range(number + 1):
            at = data.index(box, at + 1)
        data = data[:at] + other + data[at + len(box) :]
    path.write_bytes(data)
    return path


def pitch(path: Path) -> int:
    """The frequency in Hz of the tone in a clip, to about 5 %; SILENCE if nothing is heard."""
    samples = footage.samples(path)
    return pitch_of(samples[len(samples) // 4 : -len(samples) // 4])


def pitch_of(samples: Sequence[int]) -> int:
    """The same of a part of its samples."""
    if max(map(abs, samples)) < 100:
        return SILENCE
    crossings = sum((a < 0) != (b < 0) for a, b in pairwise(samples))
    return round(crossings / 2 / (len(samples) / 48000) / 20) * 20
