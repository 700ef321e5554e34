"""Reads the markup in a cue: position and italics are kept, everything else is removed or plain text.

Italics carry meaning, and a position keeps a text off what it would hide. Colours, fonts and weights are the style's.
Nothing of a file becomes an override of the ASS format but a position, which is a number here.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
_AN = re.compile(r"\\an([1-9])(?![0-9])|\\a(1?[0-9])(?![0-9])", re.ASCII)
_SSA_POSITIONS = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}  # of \a, the older one
_TAG = re.compile(
    r"<(/?)(i|em|b|u|s|strong|strike|font|span|p|div|c|v|lang|ruby|rt|rp|br)(?:[ \t\n.=/][^<>]*)?>"
    r"|<(?:\d+:)?\d\d:\d\d\.\d{3}>",
    re.ASCII | re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}[0-9]{0,2});", re.ASCII | re.IGNORECASE
)
_SETTING = re.compile(r"(line|position|align):([^\s:]+)", re.ASCII)
_NUMBER = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?)(%?)(?:,.*)?", re.ASCII)
_TOP_LINES = 4  # WebVTT counts about 16 lines from the top of the picture
_MIDDLE_LINES = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A part of a cue's text in one style. A line feed is a line break."""

    text: str
    italic: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a cue's file wants it: row 0 (bottom) to 2 (top), column 0 (left) to 2. None leaves it to the style."""

    row: int | None = None
    column: int | None = None


NOWHERE = Placement()
"""The place of a cue whose file names none."""


def read_markup(text: str) -> tuple[tuple[Run, ...], Placement]:
    """The runs of a text, none if nothing would be visible, and the place that it asks for."""
    overrides = "".join(_OVERRIDE.findall(text))
    runs = tuple(_runs(_OVERRIDE.sub("", text)))
    if not any(run.text.strip() for run in runs):
        return (), NOWHERE
    return runs, _placement(overrides)


def _placement(overrides: str) -> Placement:
    r"""The first `\an` or `\a` in override blocks, as players read it."""
    match = _AN.search(overrides)
    key = (int(match[1]) if match[1] else _SSA_POSITIONS.get(int(match[2]))) if match else None
    return Placement(row=(key - 1) // 3, column=(key - 1) % 3) if key else NOWHERE


def placement_of_settings(settings: str) -> Placement:
    """The place that a WebVTT cue's settings ask for, rounded to one of nine."""
    values: dict[str, str] = dict(_SETTING.findall(settings))
    return Placement(
        row=_row(values.get("line", "")),
        column=_column(values.get("position", ""), values.get("align", "")),
    )


def _row(line: str) -> int | None:
    match = _NUMBER.fullmatch(line)
    if match is None:
        return None
    value = float(match[1])
    if match[2]:
        return 2 - _third(value)
    if value < 0:
        return 0
    return 2 if value < _TOP_LINES else 1 if value < _MIDDLE_LINES else 0


def _column(position: str, align: str) -> int | None:
    if align in ("start", "left"):
        return 0
    if align in ("end", "right"):
        return 2
    match = _NUMBER.fullmatch(position)
    return _third(float(match[1])) if match and match[2] else None


def _third(percent: float) -> int:
    """0 for the first third of the picture, 2 for the last."""
    return min(2, max(0, int(percent * 3 // 100)))


def _runs(text: str) -> Iterator[Run]:
    italic, place = False, 0
    for tag in _TAG.finditer(text):
        if run := _run(text[place : tag.start()], italic=italic):
            yield run
        name = (tag[2] or "").lower()
        if name in ("i", "em"):
            italic = not tag[1]
        if written := {"br": "\n", "rt": ")" if tag[1] else "("}.get(name):
            yield Run(text=written, italic=italic)
        place = tag.end()
    if run := _run(text[place:], italic=italic):
        yield run


def _run(text: str, *, italic: bool) -> Run | None:
    decoded = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    shown = "".join(map(_shown, unicodedata.normalize("NFC", decoded)))
    return Run(text=shown, italic=italic) if shown else None


def _shown(character: str) -> str:
    """A character as it is drawn: controls and noncharacters are not."""
    if character in "\n\x0b\x0c\r\x85\u2028\u2029":
        return "\n"
    if character == "\t":
        return " "
    is_hidden = unicodedata.category(character) in ("Cc", "Cs") or _is_noncharacter(character)
    return "" if is_hidden else character


def _is_noncharacter(character: str) -> bool:
    code = ord(character)
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE  # noqa: PLR2004
