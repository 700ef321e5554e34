"""Every render has the same loudness: -14 LUFS within 1 LU, true peaks at most -1 dBTP."""

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.encoding.loudness import Loudness, Sound, Treatment, normalize
from pipeline.ffmpeg.process import executable
from shared.media.probe import probe
from tests.support.media import footage
from tests.worker.render.rendering import CODEC, render

SECONDS = 8
NOISE = f"anoisesrc=d={SECONDS}:c=pink:seed=1:a="
SOUNDS = {
    "quiet": f"{NOISE}0.01",
    "loud and clipped": f"{NOISE}1,volume=12dB",
    "bangs in near silence": (
        f"aevalsrc='0.0005*sin(1885*t)+0.9*exp(-40*mod(t,4))*sin(500*t)':d={SECONDS}"
    ),
    "bursts far above the rest": (f"{NOISE}0.02,volume='if(lt(mod(t,5),0.15),40,1)':eval=frame"),
    "speech with pauses": (
        f"{NOISE}0.5,volume='pow(abs(sin(3*t)),6)*lt(mod(t,4),3)+0.01':eval=frame"
    ),
    "half a second": "sine=frequency=997:duration=0.5",
}


def _clip(path: Path, *sound: str, seconds: float = SECONDS) -> Path:
    picture = ["-f", "lavfi", "-i", f"color=gray:size=64x64:rate=10:duration={seconds}"]
    codec = ["-c:a", "aac", "-b:a", "256k", "-ac", "2", "-shortest"]
    footage.make(*picture, *sound, *CODEC, *codec, str(path))
    return path


async def _normalize(clip: Path, work_dir: Path) -> tuple[Path, Loudness]:
    facts = probe(clip)
    sound = Sound(
        source=clip,
        facts=facts,
        samples=round(facts.duration_seconds * 48000),
        bitrate_kbps=192,
        target=work_dir / "sound.m4a",
        work_dir=work_dir,
    )
    fractions: list[float] = []

    async def on_progress(fraction: float) -> None:
        fractions.append(fraction)

    result = await normalize(sound, on_progress=on_progress)
    assert fractions == sorted(fractions)
    return sound.target, result


def _summary(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak, from the summary of ffmpeg's EBU R128 meter."""
    meter = ["-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"]
    command = [executable(), "-nostdin", "-hide_banner", "-i", str(path), *meter]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = log[log.rindex("Summary:") :]
    [integrated] = re.findall(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)
    [peak] = re.findall(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    return float(integrated), float(peak)


@pytest.mark.parametrize("name", SOUNDS)
async def test_any_sound_reaches_the_target(tmp_path: Path, name: str) -> None:
    clip = _clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", SOUNDS[name])
    target, result = await _normalize(clip, tmp_path)
    integrated, peak = _summary(target)
    assert integrated == pytest.approx(-14, abs=1)
    assert peak <= -1
    assert result.integrated == pytest.approx(integrated, abs=0.1)


async def test_the_loudness_of_a_finished_render_is_the_target(tmp_path: Path) -> None:
    clip = _clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", SOUNDS["bangs in near silence"])
    video, _ = await render(clip, tmp_path)
    integrated, peak = _summary(video)
    assert integrated == pytest.approx(-14, abs=1)
    assert peak <= -1


@pytest.mark.parametrize(
    "sound",
    [(), ("-f", "lavfi", "-i", "anullsrc"), ("-f", "lavfi", "-i", f"{NOISE}0.0001")],
    ids=["none", "digital silence", "faint noise"],
)
async def test_silence_stays_silence(tmp_path: Path, sound: tuple[str, ...]) -> None:
    clip = _clip(tmp_path / "clip.mp4", *sound, seconds=1)
    video, facts = await render(clip, tmp_path)
    assert facts.audio is not None
    assert _summary(video)[0] < -60
    assert len(footage.samples(video)) == pytest.approx(48000, abs=1024)


async def test_sound_too_short_to_measure_stays_unchanged(tmp_path: Path) -> None:
    short = ["-f", "lavfi", "-i", "sine=frequency=997:duration=0.3"]
    clip = _clip(tmp_path / "clip.mp4", *short, seconds=0.3)
    target, result = await _normalize(clip, tmp_path)
    assert result.silent
    assert max(footage.samples(target)) == pytest.approx(max(footage.samples(clip)), rel=0.1)


def test_a_limiter_is_used_only_where_the_gain_would_pass_the_ceiling() -> None:
    even = Treatment.of(Loudness(integrated=-20, true_peak=-10))
    assert even == Treatment(gain=6, limit=None)
    peaky = Treatment.of(Loudness(integrated=-20, true_peak=-3))
    assert peaky == Treatment(gain=6, limit=-1.5)
