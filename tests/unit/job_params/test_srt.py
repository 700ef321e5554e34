"""A subtitle file is parsed strictly: its text stays text, and a problem is reported with its line."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.encoding.subtitles import FONTS
from shared.job_params.final_render import RenderOptions, Subtitles, SubtitleStyle
from shared.job_params.srt import MAX_CUES, Cue, Run, SubtitleProblem, parse_srt
from shared.job_params.subtitle_font import RANGES, covers

TIMING = "00:00:01,000 --> 00:00:02,500"


def _texts(srt: str) -> list[str]:
    return ["".join(run.text for run in cue.runs) for cue in parse_srt(srt)]


def _cue(*lines: str) -> str:
    return "\n".join(("1", TIMING, *lines, ""))


def test_cues_have_times_and_lines() -> None:
    srt = f"1\n{TIMING}\nHello,\nworld\n\n2\n01:02:03.004 --> 01:02:04,000\nBye\n"
    assert parse_srt(srt) == (
        Cue(start=1, end=2.5, runs=(Run(text="Hello,\nworld"),)),
        Cue(start=3723.004, end=3724, runs=(Run(text="Bye"),)),
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_editor_s_line_endings_and_byte_order_mark_are_read(ending: str) -> None:
    lines = ["", "1", TIMING, " Hello ", "", "", "2", TIMING, "Bye"]
    assert _texts("\ufeff" + ending.join(lines)) == ["Hello", "Bye"]


def test_italics_are_kept_and_other_tags_removed() -> None:
    srt = _cue('<b>Bold</b>, <i>slanted</i> and <FONT color="#ff0000">red</font> 1 < 2 <3')
    assert parse_srt(srt)[0].runs == (
        Run(text="Bold"),
        Run(text=", "),
        Run(text="slanted", italic=True),
        Run(text=" and "),
        Run(text="red"),
        Run(text=" 1 < 2 <3"),
    )


def test_override_blocks_are_removed_and_braces_kept() -> None:
    assert _texts(_cue(r"{\an8}{\pos(0,0)}Up {here} {\p1 m 0 0")) == [r"Up {here} {\p1 m 0 0"]


def test_a_cue_without_visible_text_is_left_out() -> None:
    assert _texts(f"1\n{TIMING}\n<i> </i>\n\n2\n{TIMING}\n\n3\n{TIMING}\nSeen\n") == ["Seen"]


@pytest.mark.parametrize(
    ("srt", "line", "what"),
    [
        ("", 1, "there are no cues"),
        ("Hello\n", 1, "expected a cue number"),
        ("1\nHello\n", 2, "expected a timing"),
        ("1\n\n2\n", 2, "the cue number is not followed"),
        ("1\n00:00:01 --> 00:00:02\nHello\n", 2, "expected a timing"),
        ("1\n00:61:01,000 --> 00:62:02,000\nHello\n", 2, "expected a timing"),
        ("1\n00:00:02,000 --> 00:00:02,000\nHello\n", 2, "must end after it starts"),
        (f"1\n{TIMING}\nHello\n\nand on\n", 5, "expected a cue number"),
        (f"1\n{TIMING}\nHello\n漢字\n", 4, "does not contain the character U+6F22"),
        (f"1\n{TIMING}\nHe\x00llo\n", 3, "does not contain the character U+0000"),
        (f"1\n{TIMING}\nHello\u0085\n", 3, "does not contain the character U+0085"),
        (f"1\n{TIMING}\nHe\u2028llo\n", 3, "does not contain the character U+2028"),
        (f"1\n{TIMING}\n{'a' * 501}\n", 1, "more than 500 characters"),
        (f"1\n{TIMING}\na\n\n" * (MAX_CUES + 1), 4 * MAX_CUES + 1, "more than 10000 cues"),
    ],
    ids=lambda value: str(value)[:20].strip(),
)
def test_a_bad_file_is_refused_with_its_line(srt: str, line: int, what: str) -> None:
    with pytest.raises(SubtitleProblem) as caught:
        parse_srt(srt)
    assert caught.value.line == line
    assert caught.value.detail.startswith(f"Line {line} of the subtitles: ")
    assert what in caught.value.detail


# Without Hypothesis's default deadline of 200 ms an example, because a busy machine exceeds it.
@given(st.text())
@settings(deadline=None)
def test_any_text_is_either_read_or_refused(text: str) -> None:
    for srt in (text, _cue(text)):
        try:
            cues = parse_srt(srt)
        except SubtitleProblem as problem:
            assert 1 <= problem.line <= srt.count("\n") + srt.count("\r") + 1  # noqa: PT017
        else:
            assert cues


def test_the_table_of_characters_is_the_font_s() -> None:
    assert RANGES.split() == _ranges((FONTS / "DejaVuSans-Bold.ttf").read_bytes())
    assert covers("é")
    assert not covers("漢")


def test_a_render_reports_the_problem_of_its_subtitles() -> None:
    with pytest.raises(ValidationError, match="Line 2 of the subtitles: expected a timing"):
        RenderOptions.model_validate({"subtitles": {"srt": "1\nHello\n"}})


@pytest.mark.parametrize(
    "options",
    [
        {"fit": "stretch"},
        {"denoise": 1.1},
        {"sharpen": -0.1},
        {"brightness": float("nan")},
        {"contrast": 0},
        {"saturation": 3},
        {"filter": "movie=/etc/passwd"},
        {"subtitles": {"srt": _cue("a"), "style": {"colour": "#FFF"}}},
        {"subtitles": {"srt": _cue("a"), "style": {"colour": "#FFFFFF\n"}}},
        {"subtitles": {"srt": _cue("a"), "style": {"size": 500}}},
        {"subtitles": {"srt": _cue("a"), "style": {"position": "0,0"}}},
        {"subtitles": {"srt": _cue("a"), "style": {"font": "/etc/passwd"}}},
        {"subtitles": {"srt": _cue("\ud800")}},
    ],
)
def test_options_out_of_bounds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RenderOptions.model_validate(options)


def test_an_export_records_the_style_of_its_subtitles_and_not_their_text() -> None:
    subtitles = Subtitles(srt=_cue("secret"), style=SubtitleStyle(size=80))
    record = RenderOptions(fit="blur", subtitles=subtitles).to_record()
    assert record["fit"] == "blur"
    assert record["subtitles"]["style"]["size"] == 80
    assert "secret" not in str(record)


def _ranges(font: bytes) -> list[str]:
    """The characters of a TrueType font as ranges.

    Source: OpenType, table cmap, format 12.
    """
    tables = {font[at : at + 4]: at for at in range(12, 12 + 16 * _short(font, 4), 16)}
    (cmap,) = struct.unpack_from(">I", font, tables[b"cmap"] + 8)
    offsets = [_long(font, cmap + 8 + 8 * index) for index in range(_short(font, cmap + 2))]
    table = cmap + next(offset for offset in offsets if _short(font, cmap + offset) == 12)
    joined: list[list[int]] = []
    for index in range(_long(font, table + 12)):
        first, last = struct.unpack_from(">II", font, table + 16 + 12 * index)
        if joined and first <= joined[-1][1] + 1:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in joined]


def _short(data: bytes, at: int) -> int:
    return struct.unpack_from(">H", data, at)[0]


def _long(data: bytes, at: int) -> int:
    return struct.unpack_from(">I", data, at)[0]
