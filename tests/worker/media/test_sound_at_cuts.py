"""The sound of a cut is complete from its first sample, wherever the source's keyframes are."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from shared.media.probe import probe
from tests.support.media import footage
from tests.support.media.kinds import X264

FADE = 480  # samples: twice the fade at a join
BEEPS = "aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(2*PI*880*t)\\,0):s=48000:d=12"
# As phones and hardware encoders write: no B-frames, and a keyframe every second.
PHONE = [*X264, "-g", "25", "-bf", "0"]
SOUNDS = {
    "aac.mp4": ["-c:a", "aac"],
    "mp3.mkv": ["-c:a", "libmp3lame", "-b:a", "32k"],
    "opus.mkv": ["-c:a", "libopus"],
    "aac.ts": ["-c:a", "aac"],
}


async def _sound(tmp_path: Path, source: Path, times: Sequence[tuple[float, float]]) -> memoryview:
    """The sound of a clip of these cuts."""
    facts = probe(source)
    cuts = [Cut(path=source, facts=facts, start=start, end=end) for start, end in times]
    clip = tmp_path / "clip.mp4"
    await encode_clip(cuts, clip, canvas=Canvas.of(facts), work_dir=tmp_path)
    return footage.samples(clip)


@pytest.mark.parametrize("late", [0.723, 5.05])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
async def test_sound_before_the_first_picture_is_heard(
    tmp_path: Path, suffix: str, late: float
) -> None:
    """As in a recording cut without encoding: the sound starts at 0, the picture at a keyframe."""
    source = tmp_path / f"late-picture.{suffix}"
    picture = ["-itsoffset", str(late), *footage.pattern(11 - late)]
    footage.make(*picture, "-f", "lavfi", "-i", BEEPS, *X264, "-c:a", "aac", str(source))
    sound = await _sound(tmp_path, source, [(0, 4), (0.5, 3), (2, 5)])
    beeps = footage.onsets(sound)
    assert beeps == pytest.approx([0, 1, 2, 3, 4.5, 5.5, 6.5, 7.5, 8.5], abs=0.03)


@pytest.mark.parametrize("name", SOUNDS)
async def test_a_cut_on_a_keyframe_has_no_gap_in_its_sound(tmp_path: Path, name: str) -> None:
    """A decoder needs the packets before: from the first one alone it gives silence, or half the level."""
    source = tmp_path / name
    tone = ["-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000:duration=40,volume=4"]
    footage.make(*footage.pattern(40, rate=25), *tone, *PHONE, *SOUNDS[name], str(source))
    # A transport stream starts with the audio encoder's priming samples.
    starts = [0.04 if name.endswith(".ts") else 0, 5, 7.2, 10.04, 33, 35.56]
    sound = await _sound(tmp_path, source, [(start, start + 1) for start in starts])
    for index in range(len(starts)):
        begin = index * 48000
        # 2.5 cycles of the tone in each window
        windows = range(begin + FADE, begin + 9600, 120)
        peaks = [max(map(abs, sound[first : first + 120])) for first in windows]
        assert min(peaks) > 0.7 * max(peaks), f"cut {index}"
