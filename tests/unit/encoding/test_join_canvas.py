"""The canvas of a join is at least as large and as fast as most of its material, and is what a request asks for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoding.canvas import Canvas
from pipeline.encoding.join_canvas import Material, choose_canvas, exact_rate
from shared.job_params.canvas import MAX_SIDE, CanvasOptions
from shared.media.probe import MediaFacts, VideoFacts

NOTHING = CanvasOptions()


def _material(seconds: float, size: str, rate: Fraction | int = 30) -> Material:
    width, height = map(int, size.split("x"))
    video = VideoFacts(
        codec="AVC",
        width=width,
        height=height,
        rotation=0,
        pixel_aspect=1,
        start_seconds=0,
        frame_rate=Fraction(rate),
        max_frame_rate=float(rate),
        variable_frame_rate=False,
        frame_count=1,
        bit_depth=8,
        interlaced=False,
        transfer=None,
        matrix=None,
        primaries=None,
        rgb=False,
    )
    facts = MediaFacts(
        container="mp4",
        duration_seconds=seconds,
        size_bytes=1,
        clock_start_seconds=0,
        clock_jumps=False,
        video=video,
        audio_tracks=(),
    )
    return Material(facts=facts, seconds=seconds)


def _size(canvas: Canvas) -> str:
    return f"{canvas.width}x{canvas.height}"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # one source: its own size, within the limit
        ([(5, "320x180")], "320x180"),
        ([(5, "3840x2160")], "1920x1080"),
        ([(5, "1080x1920")], "1080x1920"),
        # a little source with the most time of all does not reduce the others
        ([(3.5, "320x180"), (3, "1920x1080"), (3, "1920x1080")], "1920x1080"),
        ([(9, "640x360"), (2, "1920x1080")], "1920x1080"),
        # nor does a short large one enlarge all others
        ([(10, "1280x720"), (1, "3840x2160")], "1280x720"),
        ([(60, "640x360"), (2, "1920x1080")], "640x360"),
        # the orientation with the most time, whatever its pixels
        ([(4, "1080x1920"), (3, "3840x2160")], "1080x1920"),
        ([(3, "1080x1920"), (4, "1280x720")], "1920x1080"),
        ([(3, "720x1280"), (4, "1280x720")], "1280x720"),
        # in the shape of the chosen orientation, but not smaller than most of the material
        ([(4, "360x640"), (3, "1920x1080")], "1080x1920"),
        ([(4, "640x480"), (3, "1080x1920")], "1662x1246"),
        ([(2, "1080x1080"), (1, "1920x1080")], "1080x1080"),
        # several sources of one orientation: together they outweigh the other, and one of them gives the shape
        ([(2, "1920x1080"), (2, "1280x720"), (3, "1080x1920")], "1920x1080"),
        ([(2, "1440x1080"), (5, "1920x1080"), (4, "320x180")], "1920x1080"),
    ],
)
def test_the_size_is_at_least_that_of_most_of_the_material(
    parts: list[tuple[float, str]], expected: str
) -> None:
    assert _size(choose_canvas([_material(*part) for part in parts], NOTHING)) == expected


PARTS = st.lists(
    st.tuples(
        st.floats(0.1, 600),
        st.tuples(st.integers(64, 8000), st.integers(64, 8000)).filter(
            lambda size: 1 / 3 < size[0] / size[1] < 3
        ),
        st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(60), Fraction(10)]),
    ),
    min_size=1,
    max_size=8,
)


@given(PARTS)
def test_half_of_the_material_is_never_reduced(
    parts: list[tuple[float, tuple[int, int], Fraction]],
) -> None:
    """Except where a side would be longer than the limit."""
    materials = [_material(s, f"{size[0]}x{size[1]}", rate) for s, size, rate in parts]
    canvas = choose_canvas(materials, NOTHING)
    own = [Canvas.of(material.facts) for material in materials]
    weights = [
        material.seconds * canvas.width * canvas.height
        for material, canvas in zip(materials, own, strict=True)
    ]
    whole = [
        weight
        for each, weight in zip(own, weights, strict=True)
        # rounding both sides to even numbers takes up to two pixels of each
        if each.width * each.height <= (canvas.width + 2) * (canvas.height + 2)
    ]
    limited = max(canvas.width, canvas.height) >= MAX_SIDE - 2
    assert sum(whole) >= sum(weights) / 2 * (1 - 1e-9) or limited
    assert max(canvas.width, canvas.height) <= MAX_SIDE


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(5, 60), (6, 24)], 60),
        ([(3, 60), (10, 30)], 30),
        ([(1, 50), (1, 25), (1, 24)], 50),
        ([(1, Fraction(30000, 1001)), (1, 25)], Fraction(30000, 1001)),
        ([(4, 120)], 60),
        ([(4, 2)], 6),
    ],
)
def test_the_rate_is_at_least_that_of_most_of_the_frames(
    parts: list[tuple[float, Fraction | int]], expected: Fraction | int
) -> None:
    materials = [_material(seconds, "320x180", rate) for seconds, rate in parts]
    assert choose_canvas(materials, NOTHING).frame_rate == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (CanvasOptions(width=720, height=1280), "720x1280"),
        (CanvasOptions(width=1280), "1280x720"),
        (CanvasOptions(height=360), "640x360"),
        (CanvasOptions(height=1280), "1920x1280"),
        (CanvasOptions(width=100), "100x64"),
    ],
)
def test_a_request_chooses_one_side_or_both(options: CanvasOptions, expected: str) -> None:
    assert _size(choose_canvas([_material(5, "1920x1080")], options)) == expected


def test_a_request_chooses_the_rate() -> None:
    chosen = choose_canvas([_material(5, "320x180", 60)], CanvasOptions(frame_rate=23.976))
    assert chosen.frame_rate == Fraction(24000, 1001)
    assert _size(chosen) == "320x180"


@pytest.mark.parametrize(
    ("rate", "exact"),
    [
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (24, 24),
        (30, 30),
        (12.5, Fraction(25, 2)),
    ],
)
def test_rounded_rates_of_television_are_exact(rate: float, exact: Fraction | int) -> None:
    assert exact_rate(rate) == exact
