"""Scenes are found to the frame, fades are kept apart, and every moment is measured."""

from pathlib import Path

import pytest

from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.selection import boundaries
from pipeline.selection.analysis import SILENCE_LUFS, Analysis
from pipeline.selection.scenes import analyse
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.support.media.kinds import X264, Kind

# Two shots of equal brightness differ only in colour: the cut between them must be found too.
SHOTS = (("testsrc2", 37), ("mandelbrot", 51), ("testsrc", 20), ("rgbtestsrc", 44))


def _starts(analysis: Analysis) -> list[int]:
    return [scene.start_frame for scene in analysis.scenes]


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four shots of known lengths at 25 frames a second: cuts at frames 37, 88 and 108."""
    path = tmp_path_factory.mktemp("edited") / "edited.mp4"
    inputs, graph = list[str](), ""
    for index, (source, frames) in enumerate(SHOTS):
        inputs += ["-f", "lavfi", "-i", f"{source}=size=320x180:rate=25"]
        graph += f"[{index}]trim=end_frame={frames},setsar=1,format=yuv420p[v{index}];"
    pads = "".join(f"[v{index}]" for index in range(len(SHOTS)))
    footage.make(
        *inputs, "-filter_complex", f"{graph}{pads}concat=n={len(SHOTS)}", *X264, str(path)
    )
    return path


async def test_cuts_are_found_to_the_frame(edited: Path, tmp_path: Path) -> None:
    analysis = await analyse(edited, probe(edited), tmp_path)
    assert _starts(analysis) == [0, 37, 88, 108]
    assert analysis.scenes[-1].end_frame == 152
    assert analysis.seconds(37) == pytest.approx(1.48)
    assert not any(scene.dark for scene in analysis.scenes)


@pytest.mark.parametrize("name", ["edited.mkv", "edited.ts", "edited.mov"])
async def test_cuts_are_found_in_every_container(edited: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    footage.make("-i", str(edited), "-c", "copy", str(path))
    assert _starts(await analyse(path, probe(path), tmp_path)) == [0, 37, 88, 108]


def test_the_samples_scenes_are_found(sample_analysis: Analysis) -> None:
    """Hard cuts at frames that were found by eye, and fades through black as separate scenes."""
    analysis = sample_analysis
    assert _starts(analysis)[:2] == [0, 89]
    assert {360, 396, 484, 545} <= set(_starts(analysis))
    dark = [
        (scene.start_frame / 24, scene.end_frame / 24) for scene in analysis.scenes if scene.dark
    ]
    assert len(dark) == 2
    assert dark[0] == (pytest.approx(10.0, abs=0.15), pytest.approx(12.0, abs=0.15))
    assert dark[1] == (pytest.approx(29.2, abs=0.4), pytest.approx(31.0, abs=0.05))


def test_moments_cover_the_source_and_are_short(
    sample_facts: MediaFacts, sample_analysis: Analysis
) -> None:
    moments = sample_analysis.moments
    edges = [moment.end_frame for moment in moments]
    assert [moment.start_frame for moment in moments[1:]] == edges[:-1]
    assert edges[-1] == sample_facts.video.frame_count
    assert max(moment.frames for moment in moments) <= 4 * 24


async def test_measurements_rank_moving_sharp_and_loud_moments(tmp_path: Path) -> None:
    path = tmp_path / "merits.mp4"
    graph = (
        "[0]trim=end_frame=50,setsar=1[still];"
        "[1]trim=end_frame=50,gblur=sigma=8,setsar=1[blurred];"
        "[1]trim=start_frame=50:end_frame=100,setpts=PTS-STARTPTS,setsar=1[sharp];"
        "[blurred][still][sharp]concat=n=3,format=yuv420p[v];"
        "[2]volume=volume='if(lt(t,4),0.01,1)':eval=frame[a]"
    )
    still = ["-f", "lavfi", "-i", "smptebars=size=320x180:rate=25"]
    inputs = [*still, *footage.pattern(6, rate=25), *footage.tone(6)]
    command = [*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *X264, str(path)]
    footage.make(*command)
    blurred, still_moment, sharp = (await analyse(path, probe(path), tmp_path)).moments
    assert still_moment.motion < 0.1 < blurred.motion
    assert blurred.sharpness < sharp.sharpness / 2
    assert still_moment.loudness < sharp.loudness - 15


async def test_every_kind_of_file_can_be_analysed(
    kind: Kind, file_of_kind: Path, tmp_path: Path
) -> None:
    seen: list[float] = []

    async def note(fraction: float) -> None:
        seen.append(fraction)

    analysis = await analyse(file_of_kind, probe(file_of_kind), tmp_path, on_progress=note)
    length = analysis.seconds(analysis.moments[-1].end_frame)
    assert length == pytest.approx(kind.seconds, abs=0.12)
    assert (analysis.moments[0].loudness > SILENCE_LUFS) == kind.sound
    assert seen[-1] == 1.0


async def test_a_source_that_cannot_be_decoded_is_a_failure(plain: Path, tmp_path: Path) -> None:
    facts = probe(plain)
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500)
    with pytest.raises(FfmpegFailed):
        await analyse(noise, facts, tmp_path)


async def test_a_playlist_that_replaces_the_source_is_not_followed(
    plain: Path, tmp_path: Path
) -> None:
    """ffmpeg gets the probed demuxer, so a file cannot be replaced by a playlist after the probe."""
    facts = probe(plain)
    text = tmp_path / "swapped.mp4"
    (tmp_path / "neighbour.mp4").symlink_to(plain)
    text.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    with pytest.raises(FfmpegFailed):
        await analyse(text, facts, tmp_path)


def _cuts(motion: list[float], luma: float = 100.0) -> list[int]:
    return boundaries.cuts(motion, [luma] * len(motion))


def test_steady_movement_is_no_cut() -> None:
    assert _cuts([0.0, *[35.0] * 40]) == []
    assert _cuts([0.0, *[2.5] * 20, *[35.0] * 20]) == []
    assert _cuts([0.0, *[8.0, 23.0] * 20]) == []


def test_a_faint_cut_in_a_calm_scene_is_found() -> None:
    assert _cuts([*[1.0] * 20, 15.0, *[1.0] * 20]) == [20]


def test_a_movement_that_starts_or_stops_at_once_is_no_cut() -> None:
    assert _cuts([*[0.4] * 20, *[30.0] * 20, *[0.4] * 20]) == []


def test_a_cut_with_a_blended_frame_is_found() -> None:
    assert _cuts([*[0.4] * 20, 30.0, 31.0, *[0.4] * 20]) == [20, 21]


def test_a_cut_in_a_dark_scene_is_found_by_less_change() -> None:
    motion = [*[0.2] * 20, 6.0, *[0.2] * 20]
    assert _cuts(motion, luma=30) == [20]
    assert _cuts(motion, luma=100) == []


def test_two_cuts_close_together_are_one() -> None:
    spans = boundaries.spans(100, [50, 52], [False] * 100, shortest=6)
    assert spans == [range(50), range(50, 100)]


def _edited(path: Path, graph: str) -> Path:
    """A moving test pattern and a fractal, of four seconds each, edited by `graph` to [v]."""
    inputs = list[str]()
    for source in ("testsrc2", "mandelbrot"):
        inputs += ["-f", "lavfi", "-t", "4", "-i", f"{source}=size=320x180:rate=25"]
    footage.make(*inputs, "-filter_complex", graph, "-map", "[v]", *X264, str(path))
    return path


@pytest.mark.parametrize("length", [0.5, 1.0, 2.0])
async def test_a_dissolve_is_a_boundary_near_its_middle(tmp_path: Path, length: float) -> None:
    fade = f"xfade=duration={length}:offset={3 - length / 2}"
    path = _edited(tmp_path / "dissolve.mp4", f"[0][1]{fade},format=yuv420p[v]")
    starts = _starts(await analyse(path, probe(path), tmp_path))
    assert starts == [0, pytest.approx(75, abs=12.5 * length)]


@pytest.mark.parametrize(
    "graph",
    [
        # a pan over a still picture
        "[1]select=eq(n\\,0),scale=960:540,loop=74:1,setpts=N/25/TB,crop=320:180:4*n:200",
        # a light that goes off
        "[1]lutyuv=y=val,geq=lum='16+(lum(X\\,Y)-16)*(1-0.6*clip(T-1.5\\,0\\,1))':cb=128:cr=128",
        # two flashes, of one frame and of four
        "[1]lutyuv=y=val,geq=lum='if(eq(N\\,30)+between(N\\,60\\,63)\\,235\\,lum(X\\,Y))':cb=128:cr=128",
    ],
)
async def test_movement_light_and_flashes_are_no_boundaries(tmp_path: Path, graph: str) -> None:
    path = _edited(tmp_path / "one.mp4", f"{graph},format=yuv420p[v]")
    assert _starts(await analyse(path, probe(path), tmp_path)) == [0]


def test_a_fade_is_dark_and_a_dim_scene_is_not() -> None:
    fade = [16.0 + 3 * index for index in range(30)]
    dim = [40.0] * 50
    dark = boundaries.dark_frames([*dim, *fade[::-1], *fade, *dim], 25)
    assert not any(dark[:45])
    assert all(dark[54:106])
    assert not any(dark[-45:])
