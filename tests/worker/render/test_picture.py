"""A render has its preset's size, rate and colours, and keeps the clip's proportions."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.jobs.records import ExportPreset
from shared.media.probe import probe
from tests.support.database import Connection
from tests.support.media import footage
from tests.worker.render.rendering import CODEC, SMALL, Picture, grey_frames, plain, render, tracks

PRESETS = ["instagram_reels", "tiktok", "youtube_shorts", "instagram_square", "youtube"]
RADIUS = 50
SIZE = (SMALL.width, SMALL.height)


@pytest.fixture(params=PRESETS)
def preset(request: pytest.FixtureRequest, admin: Connection) -> ExportPreset:
    """Each export preset of the database in turn."""
    row = admin.execute(
        "select * from editai_export_presets where name = %s", [request.param]
    ).fetchone()
    return ExportPreset.model_validate(row)


def _disc(path: Path, size: str = "640x360", *, rate: int = 25, seconds: float = 0.6) -> Path:
    """A white disc in the middle of a dark grey frame, with sound."""
    source = f"color=black:size={size}:rate={rate}:duration={seconds}"
    disc = f"geq=lum='if(lt(hypot(X-W/2+.5,Y-H/2+.5),{RADIUS}),235,60)':cb=128:cr=128"
    picture = ["-f", "lavfi", "-i", f"{source},{disc},format=yuv420p"]
    footage.make(*picture, *footage.tone(seconds), *CODEC, "-c:a", "aac", str(path))
    return path


async def test_each_preset_gives_a_file_that_browsers_and_platforms_play(
    preset: ExportPreset, tmp_path: Path
) -> None:
    clip = _disc(tmp_path / "clip.mp4")
    video, facts = await render(clip, tmp_path, preset=preset, fit="crop")

    found = tracks(video)["Video"]
    assert (int(found["Width"]), int(found["Height"])) == (preset.width, preset.height)
    assert (float(found["FrameRate"]), found["FrameRate_Mode"]) == (preset.frame_rate, "CFR")
    assert (found["Format"], found["ChromaSubsampling"], found["BitDepth"]) == ("AVC", "4:2:0", "8")
    tags = ["colour_primaries", "transfer_characteristics", "matrix_coefficients"]
    assert [found[tag] for tag in tags] == ["BT.709"] * 3
    assert found["colour_range"] == "Limited"
    sound = tracks(video)["Audio"]
    assert (sound["Format"], sound["SamplingRate"], sound["Channels"]) == ("AAC", "48000", "2")
    data = video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "plays while it downloads"
    assert facts.duration_seconds == pytest.approx(0.6, abs=1 / preset.frame_rate)

    quarter = (preset.width // 4, preset.height // 4)
    frames = grey_frames(video, quarter)
    assert all(sum(pixels) / len(pixels) > 40 for pixels in frames), "no black frames"
    picture = Picture.of(video, quarter)
    left, top, right, bottom = picture.box() or (0, 0, 0, 0)
    across = 2 * RADIUS * max(preset.width / 640, preset.height / 360) / 4
    assert right - left == pytest.approx(across, abs=2)
    assert bottom - top == pytest.approx(across, abs=2)


@pytest.mark.parametrize("size", ["640x360", "360x640", "638x362", "480x480"])
@pytest.mark.parametrize("fit", ["crop", "pad", "blur"])
async def test_a_disc_stays_a_disc_in_the_middle(tmp_path: Path, size: str, fit: str) -> None:
    clip = _disc(tmp_path / "clip.mp4", size, seconds=0.2)
    width, height = map(int, size.split("x"))
    scales = (SMALL.width / width, SMALL.height / height)
    across = 2 * RADIUS * (max(scales) if fit == "crop" else min(scales))

    video, _ = await render(clip, tmp_path, fit=fit)

    picture = Picture.of(video, SIZE)
    left, top, right, bottom = picture.box(200) or (0, 0, 0, 0)
    assert right - left == pytest.approx(min(across, SMALL.width), abs=3)
    assert bottom - top == pytest.approx(across, abs=3)
    assert (left + right) / 2 == pytest.approx(SMALL.width / 2, abs=2)
    assert (top + bottom) / 2 == pytest.approx(SMALL.height / 2, abs=2)


async def test_bars_are_black_or_a_blurred_copy_and_cropping_leaves_none(tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", colour="gray", seconds=0.2, size="640x360")
    corners: dict[str, int] = {}
    for fit in ("crop", "pad", "blur"):
        (tmp_path / fit).mkdir()
        video, _ = await render(clip, tmp_path / fit, fit=fit)
        picture = Picture.of(video, SIZE)
        corners[fit] = picture.at(5, 5)
        assert picture.at(SMALL.width // 2, SMALL.height // 2) == pytest.approx(128, abs=4)
    assert corners["crop"] == pytest.approx(128, abs=4)
    assert corners["pad"] <= 2
    assert 80 < corners["blur"] < 125


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60, 12])
async def test_a_clip_of_any_rate_keeps_its_length(tmp_path: Path, rate: int) -> None:
    clip = _disc(tmp_path / "clip.mp4", "270x480", rate=rate, seconds=1)
    video, facts = await render(clip, tmp_path)
    assert facts.duration_seconds == pytest.approx(1, abs=1 / 30)
    assert facts.video.frame_count == 30
    sound = footage.samples(video)
    assert len(sound) / 48000 == pytest.approx(1, abs=0.03)


async def test_the_look_stays_unchanged_without_options(tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", colour="0x406080", seconds=0.2)
    video, _ = await render(clip, tmp_path)
    [before], [after] = (footage.colours(path, [(9, 9)], SIZE) for path in (clip, video))
    assert list(after) == pytest.approx(list(before), abs=1)


async def test_the_look_follows_the_options(tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", colour="0x406080", seconds=0.2)

    async def colour(**options: Any) -> list[int]:
        name = tmp_path / "-".join(options)
        name.mkdir()
        video, _ = await render(clip, name, **options)
        return list(footage.colours(video, [(9, 9)], SIZE)[0])

    usual = [0x40, 0x60, 0x80]
    assert all(a > b + 20 for a, b in zip(await colour(brightness=0.2), usual, strict=True))
    assert max(await colour(contrast=1.5)) < 0x80, "what is dark gets darker"
    grey = await colour(saturation=0)
    assert max(grey) - min(grey) <= 3


async def test_denoising_removes_noise_and_sharpening_adds_edges(tmp_path: Path) -> None:
    noisy = tmp_path / "clip.mp4"
    lossless = SMALL.model_copy(update={"crf": 1, "max_video_bitrate_kbps": 50_000})
    noise = "color=gray:size=270x480:rate=30:duration=0.4,noise=alls=10:allf=t,format=yuv420p"
    footage.make("-f", "lavfi", "-i", noise, *CODEC, str(noisy))

    async def roughness(**options: Any) -> float:
        directory = tmp_path / "-".join(("as", *options))
        directory.mkdir()
        video, _ = await render(noisy, directory, preset=lossless, **options)
        pixels = footage.read(video, "-vf", "format=gray", "-f", "rawvideo")
        return sum(abs(a - b) for a, b in pairwise(pixels)) / len(pixels)

    usual = await roughness()
    assert await roughness(denoise=1) < usual / 2
    assert await roughness(sharpen=1) > usual * 1.3


async def test_the_maximum_bitrate_is_not_exceeded(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    noise = "color=gray:size=270x480:rate=30:duration=4,noise=alls=60:allf=t,format=yuv420p"
    footage.make("-f", "lavfi", "-i", noise, *CODEC, str(clip))
    video, facts = await render(clip, tmp_path)
    kbps = facts.size_bytes * 8 / 1000 / facts.duration_seconds
    buffered = 2 * SMALL.max_video_bitrate_kbps / facts.duration_seconds
    assert kbps < SMALL.max_video_bitrate_kbps + buffered
    assert probe(video).video.frame_count == 120
