"""Timestamps before 0, that go back or that jump give a clip of what can be shown, or a reason."""

from pathlib import Path

import pytest

from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.selection import series
from pipeline.selection.scenes import analyse
from shared.media.probe import probe
from tests.support.media import footage
from tests.worker.media.hostile.steps import make_raw_clip

# Timestamps of the frames of a file with 25 frames a second for six seconds.
GOOD = {
    "the first second late": "if(lt(N,10),3+N/25,N/25)",
    "back in the middle": "if(lt(N,75),N/25,(N-60)/25)",
    "every other one before": "if(mod(N,2),N/25,N/25-0.3)",
    "a leap": "if(lt(N,75),N/25,N/25+3000)",
}
FIRST_LATE = "if(eq(N,0),9,N/25)"


def flashing(path: Path, times: str) -> Path:
    """A new colour each second, with changed timestamps."""
    hue = "128+100*{}(floor(T)*2)"
    colours = f"geq=lum=128:cb='{hue.format('sin')}':cr='{hue.format('cos')}'"
    escaped = times.replace(",", "\\,")
    # The muxers accept no frame that is shown before it is decoded.
    shifted = f"setts=pts=({escaped})/TB:dts=min(N/25\\,({escaped}))/TB"
    footage.make(
        *("-f", "lavfi", "-i", f"nullsrc=size=160x90:rate=25:duration=6,{colours}"),
        *("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-bsf:v", shifted),
        *("-avoid_negative_ts", "disabled", str(path)),
    )
    return path


@pytest.mark.parametrize("times", GOOD.values(), ids=GOOD)
async def test_a_file_with_wrong_timestamps_gives_a_clip_of_what_can_be_shown(
    tmp_path: Path, times: str
) -> None:
    path = flashing(tmp_path / "flashing.mkv", times)
    output = await make_raw_clip(path, 2, tmp_path / "clip.mp4")
    assert output.duration_seconds > 0
    analysis = await analyse(path, probe(path), tmp_path)
    starts = [scene.start_frame for scene in analysis.scenes]
    assert starts[0] >= 0
    assert starts == sorted(set(starts))


async def test_a_file_whose_stated_start_is_after_most_of_its_frames_fails_with_a_reason(
    tmp_path: Path,
) -> None:
    path = flashing(tmp_path / "flashing.mkv", FIRST_LATE)
    with pytest.raises(FfmpegFailed, match="timestamps are invalid") as failed:
        await make_raw_clip(path, 2, tmp_path / "clip.mp4")
    assert not failed.value.transient


def test_times_never_go_back_or_start_below_zero(tmp_path: Path) -> None:
    file = tmp_path / "luma.txt"
    lines = [
        f"frame:{number} pts:{pts} pts_time:0\nlavfi.signalstats.YAVG=16\n"
        for number, pts in enumerate((-7_000_000, 200_000, 40_000, 400_000))
    ]
    file.write_text("".join(lines))
    assert series.read_series(file).times == [0, 0.2, 0.2, 0.4]
