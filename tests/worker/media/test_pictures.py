"""Clips and thumbnails look like their source: upright, same shape, same colours, and never black."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.encoding.canvas import Canvas, constant_rate
from pipeline.encoding.encode import encode_clip
from pipeline.encoding.reading.cut import Cut
from pipeline.encoding.thumbnail import make_thumbnail
from pipeline.selection.analysis import Analysis, Moment, Scene
from pipeline.selection.moments import Interval, choose
from pipeline.selection.thumbnail_time import thumbnail_time
from shared.media.probe import MediaFacts, probe
from tests.support.media import footage
from tests.support.media.kinds import X264, Kind

SD, HD = (320, 240), (1280, 720)
PATCHES = ("C82828", "28C828", "2828C8", "C8C8C8")


async def _clip(
    path: Path, tmp_path: Path, *, seconds: float | None = None
) -> tuple[Path, MediaFacts]:
    facts = probe(path)
    clip = tmp_path / "clip.mp4"
    cut = Cut(path=path, facts=facts, start=0, end=seconds or facts.duration_seconds)
    output = await encode_clip([cut], clip, canvas=Canvas.of(facts), work_dir=tmp_path)
    return clip, output


async def test_every_kind_of_file_becomes_a_clip_of_its_own_shape(
    kind: Kind, file_of_kind: Path, tmp_path: Path
) -> None:
    clip, facts = await _clip(file_of_kind, tmp_path)
    assert (facts.video.width, facts.video.height) == (kind.width // 2 * 2, kind.height // 2 * 2)
    assert facts.duration_seconds == pytest.approx(kind.seconds, abs=0.1)
    assert facts.video.rotation == 0
    assert not facts.video.variable_frame_rate
    assert facts.video.bit_depth == 8
    assert facts.audio is not None
    loud = max(map(abs, footage.samples(clip))) > footage.LOUD / 3
    assert loud == kind.sound
    assert min(footage.lumas(clip)) > 40


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
async def test_a_rotated_recording_is_shown_upright(tmp_path: Path, turn: int) -> None:
    """The red corner of the stored frame is where a player would show it."""
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    source = "color=blue:size=320x180:rate=10:duration=0.5,drawbox=0:0:80:80:red:fill"
    footage.make("-f", "lavfi", "-i", source, *X264, str(flat))
    footage.make("-display_rotation", str(turn), "-i", str(flat), "-c", "copy", str(turned))
    clip, output = await _clip(turned, tmp_path)
    size = (output.video.width, output.video.height)
    assert size == ((320, 180) if turn % 180 == 0 else (180, 320))
    right, bottom = size[0] - 20, size[1] - 20
    # -display_rotation is counter-clockwise
    at = {0: (20, 20), 90: (20, bottom), 180: (right, bottom), 270: (right, 20)}[turn]
    others = [(x, y) for x in (20, right) for y in (20, bottom) if (x, y) != at]
    red, *rest = footage.colours(clip, [at, *others], size)
    assert red[0] > 200
    assert all(colour[2] > 200 and colour[0] < 60 for colour in rest)


@pytest.mark.parametrize(
    ("size", "matrix", "full", "tags"),
    [
        (SD, "bt601", "tv", "smpte170m"),
        (SD, "bt601", "tv", None),
        (SD, "bt709", "tv", "bt709"),
        (HD, "bt709", "tv", "bt709"),
        (HD, "bt709", "tv", None),
        (HD, "bt601", "tv", "smpte170m"),
        (HD, "bt709", "pc", "bt709"),
    ],
)
async def test_colours_are_kept(
    tmp_path: Path, size: tuple[int, int], matrix: str, full: str, tags: str | None
) -> None:
    path = tmp_path / "patches.mp4"
    width, height = size
    inputs, pads = list[str](), ""
    for index, patch in enumerate(PATCHES):
        colour = f"color=0x{patch}:size={width // 4}x{height}:rate=5:duration=0.4,format=gbrp"
        inputs += ["-f", "lavfi", "-i", colour]
        pads += f"[{index}]"
    named = f"colorspace={tags}" if tags else "colorspace=unknown"
    graph = (
        f"{pads}hstack=4,scale=out_color_matrix={matrix}:out_range={full},"
        f"format=yuv420p,setparams={named}:range={full}"
    )
    footage.make(*inputs, "-filter_complex", graph, *X264, str(path))
    clip, _ = await _clip(path, tmp_path)
    points = [(width // 8 + width // 4 * index, height // 2) for index in range(4)]
    for patch, seen in zip(PATCHES, footage.colours(clip, points, size), strict=True):
        assert list(seen) == pytest.approx(list(bytes.fromhex(patch)), abs=7)


async def test_hdr_is_tone_mapped_for_an_ordinary_screen(tmp_path: Path) -> None:
    """Greys stay grey and in order. PQ's paper white (203 nits) is bright, neither clipped nor dull."""
    path = tmp_path / "greys.mp4"
    codes = (64, 250, 400, 594, 800)  # 10-bit PQ: black, 6 nits, 32 nits, 230 nits, 1600 nits
    inputs, pads = list[str](), ""
    for index, code in enumerate(codes):
        grey = (
            f"color=size=64x64:rate=5:duration=0.4,format=yuv420p10le,geq=lum={code}:cb=512:cr=512"
        )
        inputs += ["-f", "lavfi", "-i", grey]
        pads += f"[{index}]"
    tags = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    hevc = ["-c:v", "libx265", "-x265-params", "log-level=0:hdr10=1"]
    footage.make(*inputs, "-filter_complex", f"{pads}hstack=5,{tags}", *hevc, str(path))
    assert probe(path).video.hdr
    clip, _ = await _clip(path, tmp_path)
    seen = footage.colours(clip, [(32 + 64 * index, 32) for index in range(5)], (320, 64))
    assert all(max(grey) - min(grey) <= 4 for grey in seen)
    levels = [grey[1] for grey in seen]
    assert all(after > before + 10 for before, after in pairwise(levels))
    assert levels[0] < 10
    assert 190 < levels[3] < 225


async def test_another_shape_is_fitted_with_bars_and_not_stretched(tmp_path: Path) -> None:
    path = tmp_path / "square.mp4"
    footage.make(
        "-f", "lavfi", "-i", "color=white:size=100x100:rate=5:duration=0.4", *X264, str(path)
    )
    facts = probe(path)
    clip = tmp_path / "clip.mp4"
    canvas = Canvas(width=320, height=180, frame_rate=facts.video.frame_rate)
    cuts = [Cut(path=path, facts=facts, start=0, end=0.4)]
    await encode_clip(cuts, clip, canvas=canvas, work_dir=tmp_path)
    points = [(60, 90), (80, 90), (160, 4), (160, 176), (240, 90), (260, 90)]
    seen = [colour[0] > 128 for colour in footage.colours(clip, points, (320, 180))]
    assert seen == [False, True, True, True, True, False]


async def test_the_samples_clips_have_no_black_frame_and_bright_thumbnails(
    sample: Path, sample_facts: MediaFacts, sample_analysis: Analysis, tmp_path: Path
) -> None:
    canvas = Canvas(width=160, height=90, frame_rate=sample_facts.video.frame_rate)
    for selection in choose(sample_analysis, 2, 5.0, seed=1):
        parts = [
            Cut(path=sample, facts=sample_facts, start=part.start, end=part.end)
            for part in selection
        ]
        clip, picture = tmp_path / "clip.mp4", tmp_path / "picture.jpg"
        output = await encode_clip(parts, clip, canvas=canvas, work_dir=tmp_path)
        assert output.video.frame_count == 5 * 24
        assert min(footage.lumas(clip)) > 22
        at = thumbnail_time(sample_analysis, selection)
        assert any(part.start <= at < part.end for part in selection)
        await make_thumbnail(sample, sample_facts, at, picture, work_dir=tmp_path)
        assert footage.lumas(picture)[0] > 60


async def test_a_thumbnail_is_an_upright_jpeg_of_the_requested_moment(
    kind: Kind, file_of_kind: Path, tmp_path: Path
) -> None:
    facts = probe(file_of_kind)
    picture = tmp_path / "picture.jpg"
    await make_thumbnail(file_of_kind, facts, 0.3, picture, work_dir=tmp_path, width=160)
    data = picture.read_bytes()
    assert data.startswith(b"\xff\xd8\xff")
    height = round(160 * kind.height / kind.width) // 2 * 2
    footage.colours(picture, [], (160, height))
    assert footage.names(tmp_path) == ["picture.jpg"]


async def test_a_thumbnail_shows_the_frame_at_its_time(numbered: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    for time, number in ((0.0, 0), (4.1, 123), (9.999, 299)):
        await make_thumbnail(numbered, probe(numbered), time, picture, work_dir=tmp_path)
        assert footage.numbers(picture) == [number]


def test_the_thumbnail_is_of_the_sharpest_moment_that_is_not_black() -> None:
    measured = ((10.0, False), (30.0, False), (90.0, True), (50.0, False))
    moments = tuple(
        Moment(
            scene=index,
            start_frame=index * 48,
            end_frame=index * 48 + 48,
            dark=dark,
            silent=False,
            still=False,
            motion=0,
            sharpness=sharpness,
            loudness=-70,
        )
        for index, (sharpness, dark) in enumerate(measured)
    )
    scenes = tuple(
        Scene(start_frame=m.start_frame, end_frame=m.end_frame, dark=m.dark) for m in moments
    )
    analysis = Analysis(frame_rate=Fraction(24), scenes=scenes, moments=moments)
    assert thumbnail_time(analysis, (Interval(start=0, end=6),)) == pytest.approx(3)
    assert thumbnail_time(analysis, (Interval(start=4, end=6),)) == pytest.approx(5)
    assert thumbnail_time(analysis, (Interval(start=0, end=8),)) == pytest.approx(7)


def test_a_canvas_has_even_sides_and_sane_limits(sample_facts: MediaFacts) -> None:
    tall = sample_facts.video.model_copy(update={"width": 2161, "height": 3841})
    canvas = Canvas.of(sample_facts.model_copy(update={"video": tall}))
    assert (canvas.width, canvas.height) == (1080, 1920)
    with pytest.raises(ValueError, match="even sides"):
        Canvas(width=101, height=100, frame_rate=canvas.frame_rate)


@pytest.mark.parametrize(
    ("rate", "fastest", "variable", "expected"),
    [
        (25, 25.0, False, 25),
        (120, 120.0, False, 60),
        (12.5, 12.5, False, 12.5),
        (29.6, 30000 / 1001, True, 30000 / 1001),
        (17.9, 30.0, True, 30),
        (45.0, 90.0, True, 45),
    ],
)
def test_the_rate_of_a_clip_follows_its_source(
    sample_facts: MediaFacts, rate: float, fastest: float, variable: bool, expected: float
) -> None:
    video = sample_facts.video.model_copy(
        update={
            "frame_rate": Fraction(rate).limit_denominator(1000),
            "max_frame_rate": fastest,
            "variable_frame_rate": variable,
        }
    )
    assert float(constant_rate(video)) == pytest.approx(expected)
