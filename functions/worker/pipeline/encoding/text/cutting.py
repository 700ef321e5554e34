"""Makes one small font family for a render: of each font that it needs, only the characters in use, in bold.

One family, because libass orders a line from right to left only within one style, and chooses among the fonts of a
family by their characters. Each character is in one of the fonts, so that the choice does not depend on the order in
which they are loaded. All fonts get the same metrics, because libass makes a font's ascent and descent as high as the
size asks. Cutting takes a few milliseconds a font, less than loading a whole one.
Source: libass, ass_fontselect.c (find_font) and ass_font.c (set_font_metrics).
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unicodedata import normalize

from fontTools.ttLib import TTFont  # pyright: ignore[reportMissingTypeStubs]

from pipeline.encoding.text.harfbuzz import FontFile
from pipeline.encoding.text.typefaces import EMOJI, MAIN, Typeface

FAMILY = "Captions"
ASCENT, DESCENT = 0.928, 0.236
"""Of DejaVu Sans, in em: a style's size is the sum, so that Western captions keep the size that they always had."""

WEIGHT = 700
_BOLD_SELECTION, _BOLD_STYLE = 1 << 5, 1
_KHMER_AROUND, _KHMER_LEFT_PART = frozenset("\u17be\u17bf\u17c0\u17c4\u17c5"), "\u17c1"
_MAX_ASCENT, _MAX_DESCENT = 1.3, 0.5


@dataclass(frozen=True, kw_only=True)
class CutFont:
    """A finished font file, and the characters that it draws."""

    data: bytes
    characters: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Family:
    """The fonts of a render. `ascent` and `descent`, in em, are those of each of them."""

    fonts: tuple[CutFont, ...]
    ascent: float
    descent: float

    @property
    def height(self) -> float:
        """The height of a line, in em."""
        return self.ascent + self.descent

    def write(self, directory: Path) -> None:
        """Write the fonts as files."""
        for number, font in enumerate(self.fonts):
            (directory / f"{number}.ttf").write_bytes(font.data)


def cut_family(chosen: Mapping[str, Typeface], sequences: Mapping[str, str]) -> Family:
    """The family that draws each character with its chosen face, and private characters as emoji sequences."""
    chosen = {**chosen, **dict.fromkeys(sequences, EMOJI)}
    faces = [MAIN, *sorted({*chosen.values()} - {MAIN}, key=lambda face: face.name)]
    shares = [frozenset(c for c, face in chosen.items() if face == own) for own in faces]
    cuts = [
        _cut_emoji(own, sequences) if face == EMOJI else _cut(face, own | _parts(own) - {*chosen})
        for face, own in zip(faces, shares, strict=True)
    ]
    extents = [(ASCENT, DESCENT), *map(_extent, cuts[1:])]
    ascent = min(_MAX_ASCENT, max(top for top, _ in extents))
    descent = min(_MAX_DESCENT, max(bottom for _, bottom in extents))
    for number, cut in enumerate(cuts):
        _rename(cut, number)
        _set_metrics(cut, ascent, descent)
    return Family(
        fonts=tuple(
            CutFont(data=_saved(cut), characters=own) for cut, own in zip(cuts, shares, strict=True)
        ),
        ascent=ascent,
        descent=descent,
    )


def _parts(characters: frozenset[str]) -> frozenset[str]:
    """What HarfBuzz takes characters apart into, such as Thai SARA AM.

    Unicode has no decomposition of the Khmer vowels around a letter. Source: HarfBuzz, hb-ot-shaper-khmer.cc.
    """
    khmer = {_KHMER_LEFT_PART} if characters & _KHMER_AROUND else set[str]()
    return frozenset("".join(normalize("NFKD", character) for character in characters)) | khmer


def _cut(face: Typeface, characters: Iterable[str]) -> Any:
    """The face with these characters, in bold."""
    data = io.BytesIO(face.file.cut(characters, weight=WEIGHT))
    # Computing the bounds of thousands of Han characters again would take seconds.
    return cast("Any", TTFont(data, recalcBBoxes=False))


def _cut_emoji(characters: frozenset[str], sequences: Mapping[str, str]) -> Any:
    """The emoji font with these characters: those that stand for a sequence get its glyph."""
    cut = _cut(EMOJI, characters.union(*sequences.values()))
    file = FontFile.of(_saved(cut))
    names = {
        ord(character): cut.getGlyphName(file.glyphs(sequence)[0])
        for character, sequence in sequences.items()
    }
    for table in cut["cmap"].tables:
        drawn = {code: name for code, name in table.cmap.items() if chr(code) in characters}
        table.cmap = drawn | names
    return cut


def _extent(font: Any) -> tuple[float, float]:
    """How far the glyphs reach above and below the baseline, in em. Those of CJK fonts stay inside the usual."""
    if "glyf" not in font:
        return 0, 0
    em: int = font["head"].unitsPerEm
    glyphs = (font["glyf"][name] for name in font.getGlyphOrder())
    outlined = [glyph for glyph in glyphs if glyph.numberOfContours]
    tops: list[int] = [glyph.yMax for glyph in outlined]
    bottoms: list[int] = [glyph.yMin for glyph in outlined]
    return max(tops, default=0) / em, -min(bottoms, default=0) / em


def _rename(font: Any, number: int) -> None:
    names = font["name"]
    names.names = []
    values = {1: FAMILY, 2: "Bold", 4: f"{FAMILY} {number}", 6: f"{FAMILY}-{number}"}
    for name_id, value in values.items():
        names.setName(value, name_id, 3, 1, 0x409)


def _set_metrics(font: Any, ascent: float, descent: float) -> None:
    """Set all of the places where a program may look for them."""
    head, hhea, os2 = font["head"], font["hhea"], font["OS/2"]
    above, below = round(ascent * head.unitsPerEm), round(descent * head.unitsPerEm)
    os2.usWinAscent, os2.usWinDescent = above, below
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = above, -below, 0
    hhea.ascent, hhea.descent, hhea.lineGap = above, -below, 0
    os2.usWeightClass, os2.fsSelection = WEIGHT, _BOLD_SELECTION
    head.macStyle = _BOLD_STYLE


def _saved(font: Any) -> bytes:
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()
