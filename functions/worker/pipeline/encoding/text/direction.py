"""Marks the direction of a line for libass, which orders it with FriBidi.

A paragraph's first strong character decides (UAX 9, P2 and P3). A paragraph is broken into lines before libass sees it,
so each line gets the paragraph's direction, and marks that stand for the letters around it: in "iPhone 15 Pro" of an
Arabic paragraph, "15 Pro" reads from left to right on a line of its own, too. FriBidi as libass calls it knows no pairs
of brackets (N0): without marks, the second bracket of "NASA (ESA)!" in an Arabic line would be on the wrong side.
Source: https://www.unicode.org/reports/tr9/.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEFT_TO_RIGHT_MARK = "\u200e"
RIGHT_TO_LEFT_MARK = "\u200f"
ARABIC_LETTER_MARK = "\u061c"

_MARKS = {"L": LEFT_TO_RIGHT_MARK, "R": RIGHT_TO_LEFT_MARK, "AL": ARABIC_LETTER_MARK}
_STRONG = {"L": "L", "R": "R", "AL": "R"}
_PAIRS = {"(": ")", "[": "]", "{": "}", "\uff08": "\uff09", "\u300c": "\u300d"}
_MAX_DEPTH = 63
_ISOLATES = ("LRI", "RLI", "FSI")


def is_right_to_left(paragraph: str) -> bool:
    """Whether the first strong character outside isolates is right to left."""
    depth = 0
    for character in paragraph:
        kind = unicodedata.bidirectional(character)
        if kind in _ISOLATES:
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif not depth and kind in _STRONG:
            return _STRONG[kind] == "R"
    return False


def has_right_to_left(text: str) -> bool:
    """Whether the order of the text differs from the order of its characters."""
    return any(
        unicodedata.bidirectional(character) in ("R", "AL", "AN", "RLE", "RLO", "RLI")
        for character in text
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """What rules W1 to W7 find for a character: the kind of the last strong one up to it, and its own direction."""

    strong: str
    direction: str | None


def marked(paragraph: str, start: int, end: int, *, right_to_left: bool) -> str:
    """The line from `start` to `end` of a paragraph of that direction, with marks where FriBidi needs them."""
    base = "R" if right_to_left else "L"
    if not right_to_left and not has_right_to_left(paragraph[start:end]):
        return paragraph[start:end]
    places = list(_places(paragraph, base))
    brackets = dict(_bracket_marks(paragraph, places, base))
    before = places[start - 1].strong if start else base
    after = next((one.direction for one in places[end:] if one.direction), base)
    line = "".join(
        f"{brackets.get(place, '')}{paragraph[place]}{brackets.get(place, '')}"
        for place in range(start, end)
    )
    opening = _MARKS[base] + (_MARKS[before] if before != base else "")
    return opening + line + (_MARKS[after] if after != base else "")


def _places(paragraph: str, base: str) -> Iterator[_Place]:
    """Numbers count as right to left, but European ones after a letter from left to right (W7, N0)."""
    strong = base
    for character in paragraph:
        kind = unicodedata.bidirectional(character)
        strong = kind if kind in _STRONG else strong
        number = {"EN": _STRONG[strong], "AN": "R"}.get(kind)
        yield _Place(strong=strong, direction=_STRONG.get(kind, number))


def _bracket_marks(
    paragraph: str, places: Sequence[_Place], base: str
) -> Iterator[tuple[int, str]]:
    """The mark that gives each bracket of a pair its direction, by its place: rule N0."""
    for first, last in _pairs(paragraph):
        inside = {one.direction for one in places[first + 1 : last]} - {None}
        if not inside:
            continue
        before = next((one.direction for one in places[:first][::-1] if one.direction), base)
        side = base if base in inside or before == base else before
        for place in (first, last):
            # After Arabic letters, a mark of another kind would change the order of a number and its sign.
            is_arabic = side == "R" and places[place].strong == "AL"
            yield place, _MARKS["AL" if is_arabic else side]


def _pairs(line: str) -> Iterator[tuple[int, int]]:
    """The places of the brackets that belong together (BD16)."""
    opened: list[tuple[str, int]] = []
    for place, character in enumerate(line):
        if character in _PAIRS and len(opened) < _MAX_DEPTH:
            opened.append((_PAIRS[character], place))
            continue
        depth = next((d for d in range(len(opened) - 1, -1, -1) if opened[d][0] == character), None)
        if depth is not None:
            yield opened[depth][1], place
            del opened[depth:]
