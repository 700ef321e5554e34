"""Videos of sizes, shapes and rates that no camera writes."""

from pathlib import Path

import pytest

from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.ffmpeg.limits import Limits
from pipeline.selection.scenes import analyse
from shared.media.probe import probe
from tests.support.media import hostile
from tests.worker.media.hostile.steps import make_clip, refusal


async def test_a_huge_frame_of_a_few_bytes_is_scaled_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FFMPEG_MEMORY_BYTES", str(1 << 30))
    path = tmp_path / "vast.mp4"
    hostile.uniform(path, 4096, 4096)
    assert path.stat().st_size < 60_000
    await analyse(path, probe(path), tmp_path)
    facts = await make_clip(path, 0, 0.12, tmp_path / "clip.mp4")
    assert (facts.video.width, facts.video.height) == (1920, 1920)


async def test_a_frame_above_the_limit_is_refused_by_the_probe_and_by_ffmpeg(
    plain: Path, tmp_path: Path
) -> None:
    path = tmp_path / "vaster.mp4"
    hostile.uniform(path, 6000, 6000, frames=1)
    refused = refusal(path)
    assert refused.code == "too_large"
    assert refused.detail == (
        "The video is 6000x6000 pixels; the maximum is 35389440 pixels in total, the area of 8192x4320."
    )
    with pytest.raises(FfmpegFailed) as failed:
        await analyse(path, probe(plain), tmp_path)
    assert failed.value.detail == "The video's resolution is too high."


@pytest.mark.parametrize(
    ("across", "down"),
    [(2**32 - 1, 1), (3_000_000, 1), (17, 1), (1, 17)],
)
def test_extreme_pixel_aspect_ratios_are_refused(tmp_path: Path, across: int, down: int) -> None:
    """The first would have a width of 5 billion, and the database's integers end at 2 billion."""
    path = tmp_path / "oblong.mp4"
    hostile.pixel_aspect_ratio(path, across, down)
    refused = refusal(path)
    assert refused.code == "too_large"
    assert refused.detail == "The pixel aspect ratio is above 16:1 or below 1:16."


def test_a_displayed_size_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stretched.mp4"
    hostile.pixel_aspect_ratio(path, 15, 1)
    refused = refusal(path)
    assert refused.code == "too_large"
    assert refused.detail == (
        "The video is displayed at 19200x720 pixels; the maximum is 8192x8192 and 35389440 pixels in total."
    )


@pytest.mark.parametrize(("across", "down"), [(64, 45), (45, 64), (0, 1), (4, 1)])
def test_other_pixel_aspect_ratios_are_accepted(tmp_path: Path, across: int, down: int) -> None:
    path = tmp_path / "wide.mp4"
    hostile.pixel_aspect_ratio(path, across, down)
    width = round(1280 * (across / down or 1))
    assert probe(path).video.width == pytest.approx(width, abs=1)


def test_a_wide_pixel_aspect_ratio_does_not_raise_the_cpu_limit(tmp_path: Path) -> None:
    plain, wide = tmp_path / "plain.mp4", tmp_path / "wide.mp4"
    hostile.pixel_aspect_ratio(plain, 1, 1)
    hostile.pixel_aspect_ratio(wide, 6, 1)
    minute = {"duration_seconds": 60.0}
    honest, boasting = (probe(path).model_copy(update=minute) for path in (plain, wide))
    assert boasting.video.width == 6 * honest.video.width
    assert Limits.of([boasting], 1.0) == Limits.of([honest], 1.0)


def test_a_rate_of_millions_of_frames_a_second_is_refused(tmp_path: Path) -> None:
    """A thumbnail at that rate would be chosen from 84 million frames."""
    path = tmp_path / "swift.mp4"
    hostile.high_timescale(path, 2**31 - 1)
    assert refusal(path).code == "no_duration"


async def test_a_rate_of_one_frame_per_half_hour_becomes_a_playable_rate(
    tmp_path: Path,
) -> None:
    path = tmp_path / "slow.avi"
    hostile.very_low_frame_rate(path)
    await analyse(path, probe(path), tmp_path)
    facts = await make_clip(path, 0, 1, tmp_path / "clip.mp4")
    assert facts.video.frame_rate >= 5
    assert facts.duration_seconds == pytest.approx(1, abs=0.1)
