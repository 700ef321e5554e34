"""Fits a cue into the picture: lines of even length, then a smaller size, then parts one after the other.

A line ends where a line may break (UAX 14) and a word ends (UAX 29), both by ICU. Its dictionaries know the words of
languages without spaces: Chinese, Japanese, Thai, Lao, Khmer and Burmese. A word wider than a line breaks where
a line may break within it, else between two characters as a reader counts them. The lines of a paragraph get as even as
their number allows. A cue that needs more lines than there is room for gets smaller in steps down to MIN_SCALE; what is
too long even then is shown in parts.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from icu4py.breakers import CharacterBreaker, LineBreaker, WordBreaker

MIN_SCALE = 0.6

_SCALES = (1, 0.9, 0.8, 0.7, MIN_SCALE)
_LOCALE = "en"  # its rules and dictionaries serve all languages
_BALANCING_STEPS = 7

Width = Callable[[str], float]
"""The width of a text, in em."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """What a cue may fill at full size: the width of a line in em, and lines, perhaps a part of one more."""

    width: float
    lines: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line, as the part of a text from `start` to `end`. `paragraph` is the part that its paragraph is."""

    start: int
    end: int
    paragraph: tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The parts of a text that are shown one after the other, each with its lines, at `scale` of the full size."""

    scale: float
    parts: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Word:
    """What stays on one line: `width` without the spaces after it, `advance` with them, in em."""

    start: int
    end: int
    width: float
    advance: float


def lay_out(text: str, width: Width, space: Space) -> Layout:
    """The lines of a text, whose paragraphs end with line feeds."""
    paragraphs = {place: list(_words(text, *place, width)) for place in _paragraphs(text)}
    lines, room = list[Line](), 1
    for scale in _SCALES:
        lines = list(_lines(text, paragraphs, width, space.width / scale))
        room = max(1, int(space.lines / scale))
        if len(lines) <= room:
            return Layout(scale=scale, parts=(tuple(lines),))
    return Layout(scale=MIN_SCALE, parts=tuple(_even_parts(lines, room)))


def _even_parts(lines: Sequence[Line], room: int) -> Iterator[tuple[Line, ...]]:
    count = -(-len(lines) // room)
    ends = [round(len(lines) * number / count) for number in range(count + 1)]
    for first, end in pairwise(ends):
        yield tuple(lines[first:end])


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for paragraph in text.split("\n"):
        yield start, start + len(paragraph)
        start += len(paragraph) + 1


def _words(text: str, start: int, end: int, width: Width) -> Iterator[_Word]:
    first = 0
    for last in _ends(text[start:end]):
        word = text[start + first : start + last]
        advance = width(word)
        bare = word.rstrip(" ")
        yield _Word(
            start=start + first,
            end=start + first + len(bare),
            width=width(bare) if len(bare) < len(word) else advance,
            advance=advance,
        )
        first = last


def _ends(paragraph: str) -> list[int]:
    """Where its words end, with the spaces after them."""
    words = set(_segment_ends(WordBreaker(paragraph, _LOCALE)))
    return [end for end in _segment_ends(LineBreaker(paragraph, _LOCALE)) if end in words]


def _segment_ends(segments: Iterable[str]) -> Iterator[int]:
    """Where the segments of a breaker end. Its own offsets count UTF-16 units."""
    return accumulate(map(len, segments))


def _lines(
    text: str, paragraphs: Mapping[tuple[int, int], Sequence[_Word]], width: Width, limit: float
) -> Iterator[Line]:
    for place, words in paragraphs.items():
        pieces = [
            piece
            for word in words
            for piece in ((word,) if word.width <= limit else _broken(text, word, width, limit))
        ]
        for line in _balanced(pieces, limit):
            yield Line(start=line[0].start, end=line[-1].end, paragraph=place)


def _broken(text: str, word: _Word, width: Width, limit: float) -> Iterator[_Word]:
    """The pieces of a word that is wider than a line.

    They end where a line may break, so that none begins with a Japanese prolonged sound mark; else after a character.
    """
    start, allowed = word.start, None
    shown = text[word.start : word.end]
    ends = [word.start + end for end in _segment_ends(CharacterBreaker(shown, _LOCALE))]
    breaks = {word.start + end for end in _segment_ends(LineBreaker(shown, _LOCALE))}
    for place, end in enumerate(ends):
        allowed = end if end in breaks else allowed
        is_full = place + 1 < len(ends) and width(text[start : ends[place + 1]]) > limit
        if is_full or end == word.end:
            stop = allowed or end
            part = width(text[start:stop])
            extra = word.advance - word.width if stop == word.end else 0
            yield _Word(start=start, end=stop, width=part, advance=part + extra)
            start, allowed = stop, None


def _balanced(words: Sequence[_Word], limit: float) -> Sequence[Sequence[_Word]]:
    """The words as lines of at most `limit`: as few as possible, the widest as narrow as that number allows."""
    lines = _filled(words, limit)
    narrow, wide = limit * (len(lines) - 1) / max(1, len(lines)), limit
    for _ in range(_BALANCING_STEPS if len(lines) > 1 else 0):
        middle = (narrow + wide) / 2
        tried = _filled(words, middle)
        if len(tried) > len(lines):
            narrow = middle
        else:
            lines, wide = tried, middle
    return lines


def _filled(words: Sequence[_Word], limit: float) -> list[list[_Word]]:
    lines: list[list[_Word]] = []
    advance = 0.0
    for word in words:
        if lines and advance + word.width <= limit:
            lines[-1].append(word)
        else:
            lines.append([word])
            advance = 0.0
        advance += word.advance
    return lines
