"""The width of text in a family of cut fonts, as libass will draw it: both shape with HarfBuzz."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from pipeline.encoding.text.cutting import Family
from pipeline.encoding.text.harfbuzz import FontFile

_CACHED_WORDS = 10_000


class Shaper:
    """Measures text in the fonts of a family."""

    def __init__(self, family: Family) -> None:
        self._files = [FontFile.of(font.data) for font in family.fonts]
        self._of = {
            character: number
            for number, font in enumerate(family.fonts)
            for character in font.characters
        }
        self.width = lru_cache(_CACHED_WORDS)(self._width)

    def _width(self, text: str) -> float:
        """The width of a text in em."""
        return sum(self._files[number].width(part) for number, part in self._parts(text))

    def _parts(self, text: str) -> Iterator[tuple[int, str]]:
        """The text by font. What no font draws, such as marks of direction, stays with what is before it."""
        current = 0
        numbered: list[tuple[int, str]] = []
        for character in text:
            current = self._of.get(character, current)
            numbered.append((current, character))
        for number, part in groupby(numbered, key=lambda pair: pair[0]):
            yield number, "".join(character for _, character in part)
