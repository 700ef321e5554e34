"""Subtitles appear at the right time and place, and their text is drawn and never interpreted."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoding.subtitles import SCRIPT_NAME, SafeArea, write_script
from shared.job_params.caption_file import Cue
from shared.job_params.caption_markup import Run
from shared.job_params.final_render import SubtitleStyle
from shared.jobs.records import ExportPreset
from tests.support.media import footage
from tests.worker.render.rendering import SMALL, Picture, grey_frames, plain, render

SIZE = (SMALL.width, SMALL.height)
AREA = SafeArea.of(*SIZE)
TOLERANCE = 3  # outline and antialiasing


def _srt(*texts: str, start: str = "00:00:00,000", end: str = "00:00:10,000") -> str:
    return "".join(f"{n}\n{start} --> {end}\n{text}\n\n" for n, text in enumerate(texts, start=1))


async def _shown(tmp_path: Path, text: str, **style: object) -> Picture:
    """A black clip with one subtitle for its whole length."""
    clip = plain(tmp_path / "clip.mp4", seconds=0.1)
    subtitles = {"srt": _srt(text), "style": style}
    video, _ = await render(clip, tmp_path, subtitles=subtitles)
    return Picture.of(video, SIZE)


def _inside(picture: Picture) -> bool:
    left, top, right, bottom = picture.box(60) or (0, 0, 0, 0)
    return (
        AREA.side - TOLERANCE <= left < right <= picture.width - AREA.side + TOLERANCE
        and top >= AREA.top - TOLERANCE
        and bottom <= picture.height - AREA.bottom + TOLERANCE
    )


async def test_a_cue_is_visible_only_during_its_time(tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", seconds=1.5)
    srt = _srt("Hello", start="00:00:00,500", end="00:00:01,000")
    video, _ = await render(clip, tmp_path, subtitles={"srt": srt})
    seen = [max(pixels) > 200 for pixels in grey_frames(video, SIZE)]
    assert seen == [False] * 15 + [True] * 15 + [False] * 15


@pytest.mark.parametrize(
    ("position", "middle"), [("top", 0.157), ("middle", 0.5), ("bottom", 0.783)]
)
async def test_a_cue_is_at_its_position(tmp_path: Path, position: str, middle: float) -> None:
    picture = await _shown(tmp_path, "Hello", position=position)
    _, top, _, bottom = picture.box() or (0, 0, 0, 0)
    assert (top + bottom) / 2 / SMALL.height == pytest.approx(middle, abs=0.015)
    assert _inside(picture)


async def test_words_that_fit_stay_whole(tmp_path: Path) -> None:
    """In the default style of an upright video. The address leaves less than a hyphen's width of its line free."""
    text = "The internationalization of\nwww.example.com/offers"
    picture = await _shown(tmp_path, text)
    assert picture.bands() == 3, "The | internationalization of | www.example.com/offers"
    assert _inside(picture)
    left, _, right, _ = picture.box(60) or (0, 0, 0, 0)
    assert right - left > 0.97 * (SMALL.width - 2 * AREA.side)


@pytest.mark.parametrize(
    "text",
    [
        "<i>internation</i>alizationinternational",
        "1\u00a0" * 40,
        "AVAVAToToToTyTyTyAVAVAVAToToToTyTyTyAVAVA",
        "\u0645\u0633\u062a\u0634\u0641\u0649" * 8,
        "a\u0300" * 60,
    ],
    ids=["in two styles", "with no-break spaces", "kerned", "joined letters", "marks"],
)
async def test_a_word_of_any_kind_breaks_where_its_line_is_full(tmp_path: Path, text: str) -> None:
    picture = await _shown(tmp_path, text)
    assert picture.bands() >= 2
    assert _inside(picture)
    left, _, right, _ = picture.box(60) or (0, 0, 0, 0)
    assert right - left > 0.6 * (SMALL.width - 2 * AREA.side)


async def test_size_colours_and_outline_follow_the_style(tmp_path: Path) -> None:
    preset = SMALL.model_copy(update={"width": 540, "height": 960})
    clip = plain(tmp_path / "clip.mp4", colour="gray", seconds=0.1)
    style = {"size": 160, "colour": "#FF0000", "outline_colour": "#00FF00", "outline": 12}
    subtitles = {"srt": _srt("I"), "style": style}
    video, _ = await render(clip, tmp_path, preset=preset, subtitles=subtitles)
    raw = footage.read(video, "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo")
    pixels = set(zip(raw[::3], raw[1::3], raw[2::3], strict=True))
    assert any(red > 240 and green < 9 and blue < 9 for red, green, blue in pixels)
    assert any(green > 240 and red < 9 and blue < 9 for red, green, blue in pixels)


async def test_the_size_is_the_same_fraction_of_every_frame(tmp_path: Path) -> None:
    heights: list[float] = []
    for scale in (1, 2):
        preset = SMALL.model_copy(update={"width": 270 * scale, "height": 480 * scale})
        directory = tmp_path / str(scale)
        directory.mkdir()
        clip = plain(directory / "clip.mp4", seconds=0.1)
        video, _ = await render(clip, directory, preset=preset, subtitles={"srt": _srt("HHH")})
        _, top, _, bottom = Picture.of(video, (540, 960)).box() or (0, 0, 0, 0)
        heights.append(bottom - top)
    assert heights[0] == pytest.approx(heights[1], abs=3)


HOSTILE = [
    r"{\pos(0,0)}{\an8}{\fs200}{\c&H0000FF&}Hello",
    r"{\p1}m 0 0 l 999 0 999 999 0 999{\p0} Hello",
    r"{{\an8}\fs200}{\{\an8}an8}Hello",
    r"\{\\an8\} \\N \N \n \h {\N} Hello",
    "Hello'; drawtext=text=x:fontsize=90, [v];movie=/etc/passwd[x]",
    "%{pts} %{metadata:x} ${HOME} $(id) `id` Hello",
    "/etc/passwd: C\\:\\\\x ../../x.ttf fontsdir=/tmp:f=x Hello",
    "[Events]\nDialogue: 0,0:00:00.00,9:00:00.00,Default,,0,0,0,,{\\an8}up",
    "[V4+ Styles]\nStyle: Default,Arial,200,&H000000FF",
    "<font size=200 color=red>Hello</font> <i",
    "\u202e\u2066\u200bHello\u00ad\ufeff",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_drawn_and_not_interpreted(tmp_path: Path, text: str) -> None:
    clip = plain(tmp_path / "clip.mp4", seconds=0.1)
    subtitles = {"srt": _srt(text), "style": {"size": 40}}
    video, _ = await render(clip, tmp_path, subtitles=subtitles)
    picture = Picture.of(video, SIZE)
    assert _inside(picture)
    assert picture.bands() <= 4, "no line is higher than it should be"
    raw = footage.read(video, "-frames:v", "1", "-vf", "format=rgb24", "-f", "rawvideo")
    assert all(
        max(pixel) - min(pixel) < 12 for pixel in zip(raw[::3], raw[1::3], raw[2::3], strict=True)
    ), "the text is white"


async def test_an_escape_of_the_script_s_format_is_shown_as_it_was_written(tmp_path: Path) -> None:
    pictures: list[Picture] = []
    for number, text in enumerate((r"a\Nb", "ab", "a\nb")):
        directory = tmp_path / str(number)
        directory.mkdir()
        pictures.append(await _shown(directory, text))
    escaped, short, broken = pictures
    assert (escaped.bands(), short.bands(), broken.bands()) == (1, 1, 2)
    boxes = [picture.box() or (0, 0, 0, 0) for picture in (escaped, short)]
    widths = [right - left for left, _, right, _ in boxes]
    assert widths[0] > widths[1] * 1.5, "backslash and letter are there"


async def test_ten_thousand_cues_render_fast(tmp_path: Path) -> None:
    clip = plain(tmp_path / "clip.mp4", seconds=0.1)
    times = [divmod(number * 100, 1000) for number in range(10_000)]
    srt = "".join(
        f"{n}\n00:{s // 60:02}:{s % 60:02},{ms:03} --> 00:{s // 60:02}:{s % 60:02},{ms + 99:03}\nx\n\n"
        for n, (s, ms) in enumerate(times)
    )
    video, _ = await render(clip, tmp_path, subtitles={"srt": srt})
    assert Picture.of(video, SIZE).bands() == 1


def test_wide_frames_leave_less_room_at_the_edges_than_upright_ones() -> None:
    upright, wide = SafeArea.of(1080, 1920), SafeArea.of(1920, 1080)
    assert upright == SafeArea(side=119, top=269, bottom=384)
    assert wide == SafeArea(side=115, top=76, bottom=86)


# Without Hypothesis's default deadline of 200 ms an example, because a busy machine exceeds it.
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(HOSTILE),
        min_size=1,
        max_size=4,
    )
)
@settings(deadline=None, max_examples=40)
def test_any_text_becomes_script_lines_with_only_the_tags_of_the_writer(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("script")
    runs = tuple(Run(text=text, italic=bool(index % 2)) for index, text in enumerate(texts))
    cues = [Cue(start=0, end=1, runs=runs)]
    write_script(cues, SubtitleStyle(), directory, width=1080, height=1920)
    script = (directory / SCRIPT_NAME).read_text()
    head, _, events = script.partition("\nFormat: Layer, Start, End, Style, MarginV, Text\n")
    assert head.endswith("[Events]")
    for event in events.split("\n")[:-1]:
        opening = re.match(r"Dialogue: 0,0:00:0[01]\.\d\d,0:00:0[01]\.\d\d,Default,384,", event)
        assert opening
        shown = re.sub(r"\\[{}]", "", event[opening.end() :])
        sizes = re.compile(r"\{\\fs[0-9.]+\\bord[0-9.]+\}")
        tags = {r"{\an2}", r"{\fax0}", r"{\fax-0.2}"}
        assert set(re.findall(r"\{[^}]*\}", sizes.sub("", shown))) <= tags
        rest = re.sub(r"\{[^}]*\}", "", shown)
        assert not re.search(r"[{}]", rest)
        assert set(re.findall(r"\\.", rest)) <= {r"\N", "\\\u2060"}


def test_presets_of_any_size_get_a_script_of_that_size(tmp_path: Path) -> None:
    preset = ExportPreset.model_validate(SMALL.model_dump() | {"width": 1920, "height": 1080})
    cues = [Cue(start=0, end=1, runs=(Run(text="Hello"),))]
    write_script(cues, SubtitleStyle(), tmp_path, width=preset.width, height=preset.height)
    script = (tmp_path / SCRIPT_NAME).read_text()
    assert "PlayResX: 1920\nPlayResY: 1080\n" in script
