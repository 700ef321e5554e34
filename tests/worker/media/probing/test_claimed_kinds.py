"""Rare or incompletely tagged colours and sound are shown as intended, or refused with a reason."""

from pathlib import Path

import pytest

from pipeline.ffmpeg.failure import FfmpegFailed
from shared.media.probe import probe
from tests.support.media import footage
from tests.worker.media.hostile.steps import make_clip, make_raw_clip, refusal

BARS = ("-f", "lavfi", "-i", "smptehdbars=size=320x180:rate=25:duration=2")
BT2020 = "colorspace=bt2020nc:color_primaries=bt2020"
UNTOLD = "colorspace=unknown:color_primaries=unknown"
H264 = ("-c:v", "libx264", "-preset", "ultrafast")


def average(path: Path) -> bytes:
    """The average colours of areas of the first frame."""
    scale = "scale=8:4:flags=area"
    return footage.read(path, "-frames:v", "1", "-vf", scale, "-f", "rawvideo", "-pix_fmt", "rgb24")


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"], ids=["PQ", "HLG"])
async def test_hdr_without_further_tags_is_treated_as_bt_2020(
    tmp_path: Path, transfer: str
) -> None:
    shown: list[bytes] = []
    for name, said in {"told": BT2020, "untold": UNTOLD}.items():
        source, clip = tmp_path / f"{name}.mp4", tmp_path / f"{name}-clip.mp4"
        tags = f"format=yuv420p10le,setparams=color_trc={transfer}:{said}"
        footage.make(*BARS, *H264, "-vf", tags, str(source))
        assert probe(source).video.hdr
        await make_clip(source, 0, 1, clip)
        shown.append(average(clip))
    told, untold = shown
    assert max(abs(a - b) for a, b in zip(told, untold, strict=True)) <= 2


@pytest.mark.parametrize(
    "colours",
    [
        *("colorspace=ycgco", "colorspace=bt2020c", "colorspace=smpte2085", "colorspace=ictcp"),
        *("colorspace=chroma-derived-nc", "color_trc=log100"),
    ],
)
def test_colours_that_cannot_be_converted_are_refused(tmp_path: Path, colours: str) -> None:
    path = tmp_path / "rare.mp4"
    footage.make(*BARS, *H264, "-vf", f"format=yuv420p,setparams={colours}", str(path))
    refused = refusal(path)
    assert refused.code == "unsupported_colours"
    assert refused.detail.startswith("The video's colour encoding (")


async def test_sound_whose_channel_layout_changes_is_heard(tmp_path: Path) -> None:
    """As in broadcasts, between a film and the next programme."""
    joined = tmp_path / "joined.ts"
    for layout in ("stereo", "5.1"):
        part = tmp_path / "part.ts"
        tone = f"sine=frequency=440:duration=2,aformat=channel_layouts={layout}"
        footage.make(*BARS, "-f", "lavfi", "-i", tone, *H264, "-c:a", "ac3", "-t", "2", str(part))
        with joined.open("ab") as file:
            file.write(part.read_bytes())
    output = await make_raw_clip(joined, 1.5, tmp_path / "clip.mp4")
    assert output.audio is not None


async def test_sound_with_invalid_samples_fails_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "none.mov"
    noise = "aevalsrc=exprs='if(gt(t,0.5),sqrt(-1),0)':d=2"
    footage.make(*BARS, "-f", "lavfi", "-i", noise, *H264, "-c:a", "pcm_f32le", str(path))
    with pytest.raises(FfmpegFailed, match="sound is damaged") as failed:
        await make_clip(path, 0, 2, tmp_path / "clip.mp4")
    assert not failed.value.transient


def with_channels(path: Path, *counts: int) -> Path:
    """A video with a sound track of each of these numbers of channels."""
    tones = [f"aevalsrc=exprs='{'|'.join(['sin(440*t)'] * count)}':d=1" for count in counts]
    inputs = [option for tone in tones for option in ("-f", "lavfi", "-i", tone)]
    maps = [option for number in range(len(counts) + 1) for option in ("-map", str(number))]
    footage.make(*BARS, *inputs, *maps, *H264, "-c:a", "pcm_s16le", "-t", "1", str(path))
    return path


def test_more_channels_than_can_be_mixed_are_refused(tmp_path: Path) -> None:
    audio = probe(with_channels(tmp_path / "most.mkv", 24)).audio
    assert audio is not None
    assert audio.channels == 24
    refused = refusal(with_channels(tmp_path / "more.mkv", 63))
    assert (refused.code, "63 channels" in refused.detail) == ("too_many_channels", True)


def test_a_track_of_too_many_channels_does_not_hide_another(tmp_path: Path) -> None:
    audio = probe(with_channels(tmp_path / "both.mkv", 63, 2)).audio
    assert audio is not None
    assert (audio.number, audio.channels) == (1, 2)
