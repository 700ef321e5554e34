# ruff: noqa: RUF001 - full-width punctuation belongs to its script
"""Captions of every script come out as their readers expect: direction, characters, line breaks."""

from unicodedata import category, normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.encoding.subtitles import REPLACEMENT
from pipeline.encoding.text.cutting import cut_family
from pipeline.encoding.text.direction import is_right_to_left, marked
from pipeline.encoding.text.harfbuzz import FontFile
from pipeline.encoding.text.typefaces import choose_typefaces, han_region
from tests.worker.render.captioning import UPRIGHT, WIDE, draw, look_alike

LRM, LRO, RLI, PDI = "\u200e", "\u202d", "\u2067", "\u2069"
SHALOM, MARHABA = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627"

SAMPLES = {
    "Arabic": "مرحبا بالعالم، كيف حالك؟",
    "Persian": "سلام دنیا، می‌خواهم",
    "Urdu": "ہیلو دنیا، آپ کیسے ہیں؟",
    "Hebrew": "שָׁלוֹם עולם",
    "Hindi": "नमस्ते दुनिया, हिन्दी क्षत्रिय",
    "Bengali": "হ্যালো বিশ্ব",
    "Punjabi": "ਸਤਿ ਸ੍ਰੀ ਅਕਾਲ",
    "Gujarati": "નમસ્તે વિશ્વ",
    "Odia": "ନମସ୍କାର ବିଶ୍ୱ",
    "Tamil": "வணக்கம் உலகம்",
    "Telugu": "హలో ప్రపంచం",
    "Kannada": "ಹಲೋ ಪ್ರಪಂಚ",
    "Malayalam": "ഹലോ ലോകം",
    "Sinhala": "හෙලෝ ලෝකය",
    "Thai": "สวัสดีชาวโลก น้ำที่นี่",
    "Lao": "ສະບາຍດີຊາວໂລກ ນ້ຳ",
    "Khmer": "សួស្តីពិភពលោក",
    "Burmese": "မင်္ဂလာပါကမ္ဘာလောက",
    "Simplified Chinese": "你好，世界！这是简体字。",
    "Traditional Chinese": "你好，世界！這是繁體字。",
    "Japanese": "こんにちは、世界！「テスト」",
    "Korean": "안녕하세요, 세계!",
    "Vietnamese": "Xin chào thế giới, Ước ế",
    "Greek": "Γειά σου Κόσμε, ἀρχή",
    "Russian": "Привет, мир; Ґанок їжа",
    "Georgian": "გამარჯობა მსოფლიო",
    "Armenian": "Բարեւ աշխարհ",
    "Amharic": "ሰላም ልዑል",
    "Emoji": "😀🎉🔥❤️👨‍👩‍👧‍👦🇯🇵👍🏽👩🏾‍🚀1️⃣#️⃣☀️⭐✨🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "Mixed": "Hello שלום 世界 नमस्ते 😀 สวัสดี",
}


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES.keys())
def test_a_script_is_drawn_with_fonts_that_have_all_of_it(text: str) -> None:
    drawn = draw(text)
    assert drawn.replaced == []
    assert REPLACEMENT not in drawn.script
    assert drawn.is_inside
    fonts = [FontFile.of(data) for data in drawn.fonts]
    needed = {c for c in normalize("NFC", text) if category(c) not in ("Cf", "Mn")}
    missing = {c for c in needed if not any(font.has(c) for font in fonts)}
    assert missing <= set("👨👩👧👦🚀🏽🏾1#\u20e3"), "but for the parts of emoji sequences"


@pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES.keys())
def test_a_cut_font_shapes_words_as_the_whole_one(text: str) -> None:
    """Letters that HarfBuzz takes apart, such as those of Thai and Khmer, need their parts in the font."""
    chosen = choose_typefaces(text, ())
    family = cut_family(chosen, {})
    for word in text.split():
        faces = {chosen[character] for character in word if character in chosen}
        if len(faces) == 1 and not {"\u200c", "\u200d", "\ufe0f"} & {*word}:
            [whole] = faces
            [cut] = [font for font in family.fonts if {*word} <= font.characters]
            assert len(FontFile.of(cut.data).glyphs(word)) == len(whole.file.glyphs(word)), word


@pytest.mark.parametrize(
    ("text", "visual"),
    [
        (f"({SHALOM})!", f"{LRO}!({SHALOM[::-1]})"),
        (f"{MARHABA}!", f"{LRM}!{RLI}{MARHABA}{PDI}"),
        (f"{MARHABA} ({MARHABA})...", f"{LRM}...({RLI}{MARHABA}{PDI}) {RLI}{MARHABA}{PDI}"),
        (f"{SHALOM} NASA (ESA)!", f"{LRM}!NASA (ESA) {RLI}{SHALOM}{PDI}"),
        (f"{SHALOM} NASA 15 (ESA)!", f"{LRM}!NASA 15 (ESA) {RLI}{SHALOM}{PDI}"),
        (f"{SHALOM} NASA (15)!", f"{LRM}!NASA (15) {RLI}{SHALOM}{PDI}"),
        (f"{MARHABA} 50% (50%)", f"{LRM}(%50) %50 {RLI}{MARHABA}{PDI}"),
        (f"{SHALOM} NASA [ESA {SHALOM}]", f"{LRO}[{SHALOM[::-1]} ESA] NASA {SHALOM[::-1]}"),
        (f"{SHALOM} 3.5% NASA", f"{LRM}NASA 3.5% {RLI}{SHALOM}{PDI}"),
        (f"Hello {SHALOM}!", f"{LRM}Hello {RLI}{SHALOM}{PDI}!"),
        (f"NASA ({SHALOM}) 5", f"{LRM}NASA ({RLI}{SHALOM}{PDI}) 5"),
        (f"\U0001f600 {SHALOM}", f"{LRM}{RLI}{SHALOM}{PDI} \U0001f600"),
        (
            f"<i>{SHALOM}</i>: NASA, <i>{SHALOM}</i>.",
            f"{LRM}.{RLI}{SHALOM}{PDI} ,NASA :{RLI}{SHALOM}{PDI}",
        ),
    ],
)
def test_a_line_reads_in_the_direction_of_its_first_letter(text: str, visual: str) -> None:
    """`visual` is the same line written from left to right, with each word in an isolate of its own."""
    assert look_alike(draw(text), draw(visual))


@pytest.mark.parametrize(
    ("text", "visual"),
    [
        (f"{SHALOM} Galaxyyyyyyyyyyy 15 Pro Max!", f"{LRM}!15 Pro Max"),
        (f"{SHALOM} Galaxyyyyyyyyyyy (15 Pro Max)", f"{LRM}(15 Pro Max)"),
        (f"{MARHABA} {MARHABA * 3} 50% {MARHABA * 2}", f"{LRM}{RLI}{MARHABA * 2}{PDI} %50"),
    ],
)
def test_a_line_is_ordered_by_the_letters_before_it(text: str, visual: str) -> None:
    """A line break changes no order within a line: UAX 9 orders lines, but by what the paragraph is."""
    first, second = text.split(" ", 2)[0:2]
    drawn = draw(text)
    assert drawn.lines[0].count("\\N") == 1
    assert look_alike(drawn, draw(f"{first} {second}\n{visual}"))


def test_each_line_has_its_own_direction() -> None:
    both = draw(f"{SHALOM}!\nHello!\n{SHALOM} NASA?").lines[0].split("\\N")
    assert ["\u200f" in line for line in both] == [True, False, True]


def test_a_wrapped_line_keeps_the_direction_of_its_paragraph() -> None:
    text = f"{SHALOM} {SHALOM} {SHALOM} {SHALOM} International Space Station, NASA!"
    drawn = draw(text)
    lines = drawn.lines[0].split("\\N")
    assert len(lines) > 1
    assert not any("\u0590" < character < "\u05ff" for character in lines[-1])
    assert lines[-1].startswith(r"{\fax0}" + "\u200f")


def test_marks_are_invisible() -> None:
    assert draw(f"a{LRM}b\u200b\u2060c").picture == draw("abc").picture


@given(st.text(st.sampled_from([*"ab 1(.)[]{}!", SHALOM[0], MARHABA[0], RLI, PDI, "\u202e"])))
@settings(deadline=None)
def test_marking_adds_only_marks(line: str) -> None:
    for right_to_left in (False, True):
        for start, end in ((0, len(line)), (len(line) // 3, len(line) // 2)):
            shown = marked(line, start, end, right_to_left=right_to_left)
            marks = {0x200E: None, 0x200F: None, 0x061C: None}
            assert shown.translate(marks) == line[start:end]
            assert len(shown) <= 3 * (end - start) + 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("123!", False),
        ("a\u05d0", False),
        ("1 \u05d0a", True),
        ("\u0627", True),
        ("\u2067\u05d0\u2069 a", False),
        ("\u2066a\u2069 \u05d0", True),
    ],
)
def test_the_first_strong_character_outside_isolates_decides(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


def test_digits_beside_keycaps_look_like_other_digits() -> None:
    """A keycap is one glyph of the emoji font, which draws no digits of its own."""
    plain, keycap = draw("12"), draw("12\n1\ufe0f\u20e3")
    left, top, right, bottom = plain.picture.box() or (0, 0, 0, 0)
    high = keycap.picture.box() or (0, 0, 0, 0)
    crop = [plain.picture.pixels[y * 540 + left : y * 540 + right] for y in range(top, bottom)]
    shifted = high[1] - top
    again = [
        keycap.picture.pixels[(y + shifted) * 540 + left : (y + shifted) * 540 + right]
        for y in range(top, bottom)
    ]
    assert crop == again


def test_an_emoji_sequence_is_one_glyph_and_modifiers_take_no_room() -> None:
    def width(text: str) -> int:
        left, _, right, _ = draw(text).picture.box() or (0, 0, 0, 0)
        return right - left

    one = width("😀")
    for sequence in ("👨‍👩‍👧‍👦", "🇯🇵", "👩🏾‍🚀", "👍🏽", "1️⃣", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"):
        assert width(sequence) < 1.3 * one, sequence


def test_a_character_that_no_font_has_is_replaced_and_reported() -> None:
    drawn = draw("ꦗ Hello ༀ\u3000x")
    assert drawn.replaced == ["ༀ", "ꦗ"]
    assert drawn.lines[0].count(REPLACEMENT) == 2
    assert drawn.picture == draw(f"{REPLACEMENT} Hello {REPLACEMENT}\u3000x").picture


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("直す", "JP"),
        ("直 한국", "KR"),
        ("直接说明这个问题", "SC"),
        ("直接說明這個問題", "TC"),
        ("直", "SC"),
    ],
)
def test_han_characters_have_the_form_of_their_text_s_region(text: str, region: str) -> None:
    assert han_region(text) == region


def test_the_forms_of_a_han_character_differ_by_region() -> None:
    pictures = {
        draw(f"{{\\an8}}直\n{rest}").picture.pixels[: 540 * 190]
        for rest in ("す", "한", "说", "說")
    }
    assert len(pictures) >= 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "これはとても長い文章なので、自動的に改行されるはずです。大丈夫でしょうか？",
            ["大丈夫", "自動", "長い"],
        ),
        (
            "这是一个很长的句子，没有空格，需要自动换行才能显示完整的内容。",
            ["句子，", "空格，", "自动", "内容。"],
        ),
        ("ประโยคภาษาไทยที่ยาวมากและไม่มีช่องว่างเลยต้องตัดคำให้ถูกต้อง", ["ประโยค", "ภาษา", "ช่อง", "ถูก"]),
        (
            "아주 긴 한국어 문장도 단어 사이에서 줄이 바뀌어야 합니다",
            ["한국어", "바뀌어야", "합니다"],
        ),
    ],
    ids=["Japanese", "Chinese", "Thai", "Korean"],
)
@pytest.mark.parametrize("frame", [UPRIGHT, WIDE], ids=["upright", "wide"])
def test_lines_break_between_words_in_every_language(
    text: str, words: list[str], frame: tuple[int, int]
) -> None:
    drawn = draw(text, frame=frame)
    lines = drawn.lines[0].replace(r"{\fax0}", "").split("\\N")
    assert len(lines) > 1 or frame == WIDE
    assert all(any(word in line for line in lines) for word in words)
    assert not any(line[0] in "。、，？）" for line in lines[1:])
    assert drawn.is_inside
