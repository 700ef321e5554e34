"""The width of text in the subtitles' font, from the font's own metrics."""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, cast

from fontTools.ttLib import TTFont  # pyright: ignore[reportMissingTypeStubs]

FONT = Path(__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"


def character_width(character: str) -> float:
    """The advance width of a character, in line heights, the unit of a style's font size.

    Joining letters, such as Arabic ones, are measured in their isolated form, which is about as wide or wider.
    """
    # Combining marks are drawn over the letter before them, whatever their width in the font.
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    widths, unknown = _widths()
    return widths.get(ord(character), unknown)


@cache
def _widths() -> tuple[dict[int, float], float]:
    """The width of each code point, and of the box that is drawn for any other."""
    with TTFont(FONT, lazy=True) as file:
        font = cast("Any", file)
        height: int = font["hhea"].ascent - font["hhea"].descent
        advances: dict[str, tuple[int, int]] = font["hmtx"].metrics
        names: dict[int, str] = font.getBestCmap()
        widths = {code: advances[name][0] / height for code, name in names.items()}
        return widths, advances[".notdef"][0] / height
