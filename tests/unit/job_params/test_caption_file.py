"""SubRip and WebVTT are read as players read them; what is neither is refused with its line."""

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.job_params.caption_file import (
    MAX_CHARACTERS,
    MAX_CUE_CHARACTERS,
    MAX_CUES,
    CaptionProblem,
    Cue,
    parse_captions,
)
from shared.job_params.caption_markup import Placement, Run

TIMING = "00:00:01,000 --> 00:00:02,500"


def _texts(file: str) -> list[str]:
    return ["".join(run.text for run in cue.runs) for cue in parse_captions(file)]


def _times(file: str) -> list[tuple[float, float]]:
    return [(cue.start, cue.end) for cue in parse_captions(file)]


def _cue(*lines: str) -> str:
    return "\n".join(("1", TIMING, *lines, ""))


def _webvtt(*lines: str) -> str:
    return "\n".join(("WEBVTT", "", *lines, ""))


def test_cues_have_times_and_lines() -> None:
    file = f"1\n{TIMING}\nHello,\nworld\n\n2\n01:02:03.004 --> 01:02:04,000\nBye\n"
    assert parse_captions(file) == (
        Cue(start=1, end=2.5, runs=(Run(text="Hello,\nworld"),)),
        Cue(start=3723.004, end=3724, runs=(Run(text="Bye"),)),
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("first", ["", "WEBVTT - of an editor"])
@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff".encode().decode("cp1252")])
def test_every_editor_s_line_endings_and_byte_order_mark_are_read(
    ending: str, first: str, mark: str
) -> None:
    lines = [first, "", "1", TIMING, " Hello ", "", "NOTE by" if first else "", "2", TIMING, "Bye"]
    assert _texts(mark + ending.join(lines)) == ["Hello", "Bye"]


@pytest.mark.parametrize(
    ("timing", "times"),
    [
        ("0:00:00,5 --> 0:00:01,25", (0.5, 1.25)),
        ("00:00:01.500 --> 00:00:02.500", (1.5, 2.5)),
        ("00:00:01 --> 00:00:02", (1, 2)),
        ("00:01,000 --> 00:02,000", (1, 2)),
        ("00:00:01,000-->00:00:02,000", (1, 2)),
        ("00:00:01,000 -> 00:00:02,000", (1, 2)),
        ("  00:00:01,000   -->\t00:00:02,000  ", (1, 2)),
        ("00:00:01,000 --> 00:00:02,000 X1:117 X2:619 Y1:042 Y2:428", (1, 2)),
        ("00:00:01:000 --> 00:00:02:000", (1, 2)),
        ("00:61:01,000 --> 00:62:02,000", (3661, 3722)),
        ("100:00:00,000 --> 101:00:00,000", None),
        ("0:0:1,1234567 --> 0:0:2", (1.123, 2)),
        ("00: 00: 01, 000 --> 00: 00: 02, 500", (1, 2.5)),
    ],
)
def test_timings_of_all_kinds_are_read(timing: str, times: tuple[float, float] | None) -> None:
    file = f"1\n{timing}\nHello\n\n2\n{TIMING}\nBye\n"
    assert sorted(_times(file)) == sorted([(1, 2.5), *([times] if times else [])])


def test_numbers_may_be_missing_and_numbers_in_a_text_stay() -> None:
    file = (
        f"{TIMING}\nThree, two,\n1\n\n2\n{TIMING}\nYear\n\n2024\n\n3\n\n{TIMING}\n\n{TIMING}\n42\n"
    )
    assert _texts(file) == ["Three, two,\n1", "Year\n2024", "42"]


def test_an_empty_line_in_a_cue_does_not_end_it() -> None:
    assert _texts(f"1\n{TIMING}\nHello\n\nand on\n\n2\n{TIMING}\nBye\n") == ["Hello\nand on", "Bye"]


def test_what_looks_like_a_timing_in_a_text_is_text() -> None:
    text = "Menu --> Settings\nfrom 00:00:01,000 to 00:00:02,000"
    assert _texts(_cue(text)) == [text]
    assert _times(_cue(text)) == [(1, 2.5)]


@pytest.mark.parametrize(
    "hidden", [f"1\n{TIMING}\n<i> </i>", f"1\n{TIMING}\n", "1\n00:00:02,000 --> 00:00:02,000\nNo"]
)
def test_a_cue_that_never_shows_is_left_out(hidden: str) -> None:
    assert _texts(f"{hidden}\n\n3\n{TIMING}\nSeen\n") == ["Seen"]


def test_cues_in_any_order_are_sorted_and_may_overlap() -> None:
    file = f"1\n00:00:05,000 --> 00:00:06,000\nlater\n\n2\n{TIMING}\na\n\n3\n{TIMING}\nb\n"
    assert _texts(file) == ["a", "b", "later"]


def test_webvtt_s_comments_styles_regions_and_identifiers_are_not_text() -> None:
    file = _webvtt(
        *(
            "NOTE by Ann",
            "and Bob",
            "",
            "STYLE",
            "::cue { color: red }",
            "",
            "REGION",
            "id:fred",
            "",
        ),
        *("first cue", "00:01.000 --> 00:02.000", "Hello", "", "NOTE between", "", "7"),
        *("01:00:03.000 --> 01:00:04.000", "- Bye", "- Bye", "", "NOTE last"),
    )
    assert _texts(file) == ["Hello", "- Bye\n- Bye"]
    assert _times(file) == [(1, 2), (3603, 3604)]


def test_a_line_of_spaces_does_not_end_a_webvtt_cue() -> None:
    """As yt-dlp saves the captions that YouTube makes."""
    file = _webvtt(
        *("00:00.160 --> 00:02.070 align:start position:0%", " "),
        *("hello<00:00:00.480><c> and</c><00:00:00.640><c> welcome</c>", ""),
        *("00:02.070 --> 00:02.080 align:start position:0%", "hello and welcome", " ", ""),
        *("7", "00:02.080 --> 00:04.000", "hello and welcome", "back", " "),
    )
    assert _texts(file) == ["hello and welcome", "hello and welcome", "hello and welcome\nback"]


@pytest.mark.parametrize(
    ("settings_", "row", "column"),
    [
        ("", None, None),
        ("line:0", 2, None),
        ("line:-1", 0, None),
        ("line:8", 1, None),
        ("line:10%", 2, None),
        ("line:50%,center", 1, None),
        ("line:90%", 0, None),
        ("align:start", None, 0),
        ("align:right line:5%", 2, 2),
        ("position:10%,line-left", None, 0),
        ("position:50% size:80%", None, 1),
        ("position:95% align:center", None, 2),
        ("region:fred vertical:rl line:x position:y", None, None),
    ],
)
def test_webvtt_s_settings_place_a_cue(settings_: str, row: int | None, column: int | None) -> None:
    [cue] = parse_captions(_webvtt(f"00:01.000 --> 00:02.000 {settings_}", "Hello"))
    assert cue.placement == Placement(row=row, column=column)


@pytest.mark.parametrize("key", range(1, 10))
def test_an_alignment_override_places_a_cue(key: int) -> None:
    [cue] = parse_captions(_cue(rf"{{\pos(1,2)\an{key}}}Up{{\an5}}"))
    assert cue.placement == Placement(row=(key - 1) // 3, column=(key - 1) % 3)
    assert cue.runs == (Run(text="Up"),)


def test_the_older_alignment_override_is_read_too() -> None:
    assert parse_captions(_cue(r"{\a6}Up"))[0].placement == Placement(row=2, column=1)
    assert parse_captions(_cue(r"{\a4}{\alpha&HFF&}Up"))[0].placement == Placement()


def test_italics_are_kept_and_other_tags_removed() -> None:
    file = _cue('<b>Bold</b>, <i>slanted</i> and <FONT color="#ff0000">red</font> 1 < 2 <3<br/>end')
    assert parse_captions(file)[0].runs == (
        Run(text="Bold"),
        Run(text=", "),
        Run(text="slanted", italic=True),
        Run(text=" and "),
        Run(text="red"),
        Run(text=" 1 < 2 <3"),
        Run(text="\n"),
        Run(text="end"),
    )


def test_webvtt_s_tags_and_entities_become_text() -> None:
    text = (
        "<v.loud Ann Lee>Hi</v> <c.yellow.bg_blue>&lt;i&gt;&nbsp;R&amp;B&lrm;</c> <00:01.500>"
        "<lang ja><ruby>漢字<rt>かんじ</rt></ruby></lang> &bogus; AT&T"
    )
    shown = "Hi <i>\xa0R&B\u200e 漢字(かんじ) &bogus; AT&T"
    assert _texts(_webvtt("00:01.000 --> 00:02.000", text)) == [shown]


def test_override_blocks_are_removed_and_braces_and_escapes_kept() -> None:
    text = r"{\pos(0,0)}{\fs200\an3}Up {here} {\p1 m 0 0 \N a\Nb \h"
    assert _texts(_cue(text)) == [r"Up {here} {\p1 m 0 0 \N a\Nb \h"]


def test_controls_are_not_text_and_separators_are_line_breaks() -> None:
    assert _texts(_cue("He\x01l\x7flo\ufdd0\tyou&#x2028;and&#10;I")) == ["Hello you\nand\nI"]


@pytest.mark.parametrize(
    ("file", "line", "what"),
    [
        ("", 1, "neither SubRip nor WebVTT"),
        ("\n\nDear customer,\n", 3, "neither SubRip nor WebVTT"),
        ("WEBVTT\n\nNOTE nothing\n", 1, "neither SubRip nor WebVTT"),
        ("[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,a\n", 1, "neither SubRip"),
        (
            f"1\n{TIMING}\nHello\n\n2\n00:00:0x,000 --> 00:00:02,000\nHello\n",
            6,
            "expected a timing",
        ),
        ("1\n00:00:02,000 --> 00:00:02,000\nHello\n", 2, "no cue has both a text and an end"),
        (f"1\n{TIMING}\n<i></i>\n", 2, "no cue has both a text and an end"),
        (f"1\n{TIMING}\nHe\x00llo\n", 3, "this is not text: it contains the character U+0000"),
        (f"1\n{TIMING}\n{'a' * (MAX_CUE_CHARACTERS + 1)}\n", 2, "more than 2000 characters"),
        (f"1\n{TIMING}\na\n\n" * (MAX_CUES + 1), 4 * MAX_CUES + 2, "more than 10000 cues"),
    ],
    ids=lambda value: str(value)[:20].strip(),
)
def test_what_is_no_caption_file_is_refused_with_its_line(file: str, line: int, what: str) -> None:
    with pytest.raises(CaptionProblem) as caught:
        parse_captions(file)
    assert caught.value.line == line
    assert caught.value.detail.startswith(f"Line {line} of the subtitles: ")
    assert what in caught.value.detail


# Without Hypothesis's default deadline of 200 ms an example, because a busy machine exceeds it.
@given(st.text())
@settings(deadline=None)
def test_any_text_is_either_read_or_refused(text: str) -> None:
    for file in (text, _cue(text), _webvtt("00:01.000 --> 00:02.000", text), f"WEBVTT\n{text}"):
        try:
            cues = parse_captions(file)
        except CaptionProblem as problem:
            assert problem.line >= 1  # noqa: PT017
        else:
            assert cues


@pytest.mark.parametrize(
    "part",
    [
        "\n",
        " ",
        "{\\",
        "<i ",
        "&",
        "\n1",
        "0:",
        "0",
        "0:0:0 ",
        "-->\n",
        "0:0:0 -->",
        "<00:",
        "a\n\n",
    ],
)
def test_reading_takes_time_in_proportion_to_the_file(part: str) -> None:
    """At most 4 µs a character of the processor's time; a quadratic rule would take minutes."""
    body = part * ((MAX_CHARACTERS - 100) // len(part))
    for file in (body, _cue(body), _webvtt(body)):
        began = time.process_time()
        with suppress(CaptionProblem):
            parse_captions(file)
        assert time.process_time() - began < 2
