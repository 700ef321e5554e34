"""How wide text of the subtitles' font is, by the font's own measures."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, cast

from fontTools.ttLib import TTFont  # pyright: ignore[reportMissingTypeStubs]

FONT = Path(__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"


def character_width(character: str) -> float:
    """How far a character moves the pen, in line heights: what a style calls the font's size.

    Letters that join, as Arabic ones do, are taken as they stand alone, which is about as wide or wider.
    """
    # Marks are set over the letter before, whatever width the font gives them.
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    widths, unknown = _widths()
    return widths.get(ord(character), unknown)


@cache
def _widths() -> tuple[dict[int, float], float]:
    """The width of each code point, and of the box that stands for any other."""
    with TTFont(FONT, lazy=True) as file:
        font = cast("Any", file)
        height: int = font["hhea"].ascent - font["hhea"].descent
        advances: dict[str, tuple[int, int]] = font["hmtx"].metrics
        names: dict[int, str] = font.getBestCmap()
        widths = {code: advances[name][0] / height for code, name in names.items()}
        return widths, advances[".notdef"][0] / height
