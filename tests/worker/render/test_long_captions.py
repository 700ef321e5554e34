"""A long cue is made to fit: it wraps evenly, gets smaller, and is then shown in parts."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoding.subtitles import MAX_SHARE
from pipeline.encoding.text.layout import MIN_SCALE, Space, lay_out
from tests.worker.render.captioning import UPRIGHT, WIDE, Drawn, draw, draw_file

SQUARE = (540, 540)


def _height(drawn: Drawn) -> float:
    """The height of the text, as a share of the frame's shorter side."""
    _, top, _, bottom = drawn.picture.box(60) or (0, 0, 0, 0)
    return (bottom - top) / min(drawn.picture.width, drawn.picture.height)


@pytest.mark.parametrize(
    ("size", "text_size"),
    [(UPRIGHT, 160), (WIDE, 24), (SQUARE, 68)],
    ids=["upright", "wide", "square"],
)
@pytest.mark.parametrize(
    "text",
    [
        "Once upon a time " * 60,
        "W" * 1000,
        "\u65e5\u672c\u8a9e" * 200,
        "\u0e44\u0e17\u0e22\u0e48" * 200,
        "\n".join("abcdefghij"),
    ],
    ids=["words", "a word", "Japanese", "Thai", "lines"],
)
def test_a_cue_fills_at_most_its_share_of_the_picture(
    size: tuple[int, int], text_size: int, text: str
) -> None:
    drawn = draw(text, frame=size, size=text_size)
    assert _height(drawn) <= MAX_SHARE
    assert drawn.is_inside


def test_a_cue_that_fits_keeps_its_size_and_a_longer_one_gets_smaller_down_to_the_least() -> None:
    scales = [_scale(draw("Once upon a time " * times)) for times in (1, 4, 6, 8, 12, 40)]
    assert scales[0] == scales[1] == 1
    assert scales == sorted(scales, reverse=True)
    assert scales[-1] == pytest.approx(MIN_SCALE, abs=0.01)
    assert len(set(scales)) >= 4


def _scale(drawn: Drawn) -> float:
    """The size of the text as a share of the style's."""
    [style] = re.findall(r"Style: Default,Captions,([0-9.]+)", drawn.script)
    sizes = re.findall(r"\\fs([0-9.]+)", drawn.script)
    return float(sizes[0]) / float(style) if sizes else 1


def test_what_is_too_long_even_then_is_shown_in_parts_that_follow_each_other() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    drawn = draw(text)
    events = [line.split(",")[1:3] for line in drawn.script.splitlines() if line[:5] == "Dialo"]
    assert len(events) >= 3
    assert (events[0][0], events[-1][1]) == ("0:00:00.00", "0:00:10.00")
    assert all(one[1] == next_[0] for one, next_ in pairwise(events))
    shown = " ".join(re.sub(r"\{[^}]*\}", "", line).replace(r"\N", " ") for line in drawn.lines)
    assert shown == text
    lengths = [float(end[5:]) - float(start[5:]) for start, end in events[:-1]]
    assert max(lengths) < 1.3 * min(lengths), "each for as long as its text takes to read"
    early, late = draw(text, seconds=0), draw(text, seconds=9)
    assert early.picture != late.picture


def test_the_lines_of_a_paragraph_are_even() -> None:
    drawn = draw("It was the best of times, it was the worst")
    lines = [re.sub(r"\{[^}]*\}", "", line) for line in drawn.lines[0].split(r"\N")]
    assert len(lines) == 2
    assert abs(len(lines[0]) - len(lines[1])) <= 6


def test_a_long_word_breaks_between_characters_and_not_inside_them() -> None:
    family, accented = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301\u0323"
    for cluster in (accented, "\u0915\u094d\u0937\u093f", family):
        lines = draw(cluster * 60).lines
        pieces = re.sub(r"\{[^}]*\}", "", r"\N".join(lines)).split(r"\N")
        assert len(pieces) > 1
        assert len({piece[0] for piece in pieces}) == 1, "each line begins with a whole character"


def test_a_long_word_breaks_where_a_line_may_break_in_it() -> None:
    """No Japanese line begins with a small letter or a prolonged sound mark (JIS X 4051)."""
    word = "スーパーコンピューターシミュレーション"
    for start in range(5):
        text = "ア" * start + word
        lines = re.sub(r"\{[^}]*\}", "", r"\N".join(draw(text, size=160).lines)).split(r"\N")
        assert "".join(lines) == text
        assert not {line[0] for line in lines} & {*"ーュョ"}


@pytest.mark.parametrize("key", range(1, 10))
def test_all_nine_positions_are_honoured(key: int) -> None:
    left, top, right, bottom = draw(rf"{{\an{key}}}Hi", frame=SQUARE).picture.box() or (0, 0, 0, 0)
    column, row = (left + right) / 2 / 540, (top + bottom) / 2 / 540
    assert int(column * 3) == (key - 1) % 3
    assert int(row * 3) == 2 - (key - 1) // 3


def test_webvtt_s_settings_place_a_cue_and_the_style_the_others() -> None:
    file = "WEBVTT\n\n00:00.000 --> 00:05.000 {}\nHello\n"
    top = draw_file(file.format("line:0"), position="middle").picture.box()
    middle = draw_file(file.format("align:center"), position="middle").picture.box()
    left = draw_file(file.format("align:start"), position="middle").picture.box()
    assert top is not None
    assert middle is not None
    assert left is not None
    assert top[1] < middle[1] - 200
    assert left[0] < middle[0] - 100
    assert (left[1], top[0]) == (middle[1], middle[0])


def test_cues_at_the_same_time_do_not_cover_each_other() -> None:
    file = "1\n00:00:00,000 --> 00:00:05,000\nHHH\n\n2\n00:00:00,000 --> 00:00:05,000\nHHH\n"
    assert draw_file(file).picture.bands() == 2


@given(st.text(max_size=120), st.floats(0.5, 40), st.floats(0.1, 6))
@settings(deadline=None)
def test_a_layout_keeps_every_visible_character_once(text: str, width: float, lines: float) -> None:
    layout = lay_out(text, lambda part: 0.6 * len(part), Space(width=width, lines=lines))
    shown = [text[line.start : line.end] for part in layout.parts for line in part]
    assert "".join(shown).replace(" ", "") == text.replace("\n", "").replace(" ", "")
    assert MIN_SCALE <= layout.scale <= 1
