"""Picture and sound stay in sync through cutting, joining and rendering, as in a straight decode of the source."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.selection.scenes import analyse
from shared.media.probe import probe
from tests.support.media import footage, synchrony
from tests.worker.render.rendering import CODEC, SMALL, render

CUTS = 12
SECONDS = 5


def _flashing(path: Path, rate: str, period: Fraction) -> Path:
    """A minute of flashes. A beep starts with each, one fifth into each period."""
    begin, end = float(period / 5), float(period / 4)
    lit = f"between(mod(T+0.001,{float(period)}),{begin},{end})"
    light = f"geq=lum='16+219*{lit}':cb=128:cr=128,format=yuv420p"
    picture = f"color=black:size=64x64:rate={rate}:duration=61"
    beep = f"between(mod(t,{float(period)}),{begin},{end})"
    sound = f"aevalsrc='0.5*sin(6283*t)*{beep}':s=44100:d=61"
    inputs = ["-f", "lavfi", "-i", f"{picture},{light}", "-f", "lavfi", "-i", sound]
    footage.make(*inputs, *CODEC, "-c:a", "aac", str(path))
    return path


async def test_after_a_minute_of_cuts_sound_is_less_than_twenty_milliseconds_off(
    tmp_path: Path,
) -> None:
    """Cuts alternate between sources at 25 and 30000/1001, are joined at 25 and rendered at 30 frames a second."""
    periods = [Fraction(5), Fraction(5005, 1000)]
    sources = [
        _flashing(tmp_path / "pal.mp4", "25", periods[0]),
        _flashing(tmp_path / "ntsc.mp4", "30000/1001", periods[1]),
    ]
    facts = [probe(source) for source in sources]
    cuts = list[Cut]()
    for number in range(CUTS):
        kind = number % 2
        start = float(number * periods[kind])
        cut = Cut(path=sources[kind], facts=facts[kind], start=start, end=start + SECONDS)
        cuts.append(cut)
    clip = tmp_path / "clip.mp4"
    await encode_clip(cuts, clip, canvas=Canvas.of(facts[0]), work_dir=tmp_path)

    video, output = await render(clip, tmp_path)

    assert abs(output.duration_seconds - CUTS * SECONDS) <= 1 / SMALL.frame_rate
    light = [False] + [luma > 125 for luma in footage.lumas(video)]
    flashes = [n / SMALL.frame_rate for n, (dark, lit) in enumerate(pairwise(light)) if lit > dark]
    beeps = footage.onsets(footage.samples(video))
    assert len(flashes) == len(beeps) == CUTS
    offsets = [beep - flash for beep, flash in zip(beeps, flashes, strict=True)]
    assert max(map(abs, offsets)) < 0.020, offsets


@pytest.mark.parametrize("suffix", synchrony.CONTAINERS)
async def test_a_clip_deviates_from_a_straight_decode_by_at_most_a_frame(
    suffix: str, tmp_path: Path
) -> None:
    """Whether both streams begin together or not, or between keyframes; at 0, in the middle and across a join."""
    rows = await synchrony.measure(suffix, tmp_path)
    worst = max(cell.sync_ms for row in rows.values() for cell in row.values())
    assert worst <= synchrony.ONE_FRAME_MS, f"\n{synchrony.table(rows)}"


async def test_scenes_are_on_the_same_clock_with_and_without_the_sound(tmp_path: Path) -> None:
    source = synchrony.make_sources("ts", tmp_path)["picture late"]
    facts = probe(source)
    silent = facts.model_copy(update={"audio_tracks": ()})
    for each in (facts, silent):
        analysis = await analyse(source, each, tmp_path)
        begin = analysis.seconds(analysis.scenes[0].start_frame)
        assert begin == pytest.approx(facts.video.start_seconds, abs=1 / synchrony.RATE)
    assert facts.video.start_seconds > 0.5
