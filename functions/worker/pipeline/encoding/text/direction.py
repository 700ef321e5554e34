"""Marks the direction of a line for libass, which orders it with FriBidi.

A paragraph's first strong character decides (UAX 9, P2 and P3). A paragraph is broken into lines before libass sees it,
so each line gets the paragraph's direction. FriBidi as libass calls it knows no pairs of brackets (N0): without marks,
the second bracket of "NASA (ESA)!" in an Arabic line would be on the wrong side.
Source: https://www.unicode.org/reports/tr9/.
"""

import unicodedata
from collections.abc import Iterator

LEFT_TO_RIGHT_MARK = "\u200e"
RIGHT_TO_LEFT_MARK = "\u200f"

_MARKS = {"L": LEFT_TO_RIGHT_MARK, "R": RIGHT_TO_LEFT_MARK}
_STRONG = {"L": "L", "R": "R", "AL": "R"}
_STRONG_OR_NUMBER = _STRONG | {"EN": "R", "AN": "R"}  # N0 counts numbers as right to left
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


def marked(line: str, *, right_to_left: bool) -> str:
    """A line in that direction, with marks where FriBidi needs them."""
    base = "R" if right_to_left else "L"
    if not has_right_to_left(line):
        return RIGHT_TO_LEFT_MARK + line if right_to_left else line
    marks = dict(_bracket_marks(line, base))
    return _MARKS[base] + "".join(
        f"{marks[place]}{character}{marks[place]}" if place in marks else character
        for place, character in enumerate(line)
    )


def _bracket_marks(line: str, base: str) -> Iterator[tuple[int, str]]:
    """The mark that gives each bracket of a pair its direction, by its place: rule N0."""
    for first, last in _pairs(line):
        inside = {
            _STRONG_OR_NUMBER.get(unicodedata.bidirectional(character))
            for character in line[first + 1 : last]
        } - {None}
        if not inside:
            continue
        before = _direction_before(line[:first], base)
        side = base if base in inside or before == base else before
        yield first, _MARKS[side]
        yield last, _MARKS[side]


def _direction_before(text: str, base: str) -> str:
    kinds = (
        _STRONG_OR_NUMBER.get(unicodedata.bidirectional(character)) for character in text[::-1]
    )
    return next(filter(None, kinds), base)


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
