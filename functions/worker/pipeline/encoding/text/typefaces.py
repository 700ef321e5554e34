"""The fonts of captions, and which of them draws a character.

DejaVu Sans Bold, which is part of the worker, draws what it has, except for scripts that a Noto font draws better. The
Noto fonts come as Python packages. A character's script is the first word of its Unicode name.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import manimgx_fonts  # pyright: ignore[reportMissingTypeStubs]
import manimgx_fonts_cjk  # pyright: ignore[reportMissingTypeStubs]

from pipeline.encoding.text.harfbuzz import FontFile

_OWN = Path(__file__).parents[1] / "fonts"
_NOTO = Path(manimgx_fonts.__file__).parent
_CJK = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"

_SCRIPTS = (
    *(
        "Arabic",
        "Armenian",
        "Bengali",
        "Devanagari",
        "Ethiopic",
        "Georgian",
        "Gujarati",
        "Gurmukhi",
    ),
    *("Hebrew", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil"),
    *("Telugu", "Thai"),
)
_CJK_NAMES = frozenset(
    (
        *("CJK", "HIRAGANA", "KATAKANA", "HIRAGANA-KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"),
        *("BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "KANGXI"),
    )
)
_FIRST_EMOJI = 0x1F000
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, kw_only=True)
class Typeface:
    """One face of a font file. `index` is its place in a collection."""

    name: str
    path: Path
    index: int = 0

    @cached_property
    def file(self) -> FontFile:
        """Its font file, which stays open."""
        return FontFile.open(self.path, self.index)


def _noto(name: str) -> Typeface:
    return Typeface(name=name, path=_NOTO / f"Noto{name}[wght].ttf")


_BY_SCRIPT = {script.upper(): _noto(f"Sans{script}") for script in _SCRIPTS}
_CJK_FACES = {
    region: Typeface(name=f"SansCJK{region}", path=_CJK, index=index)
    for index, region in enumerate(("JP", "KR", "SC", "TC"))
}

MAIN = Typeface(name="Main", path=_OWN / "DejaVuSans-Bold.ttf")
EMOJI = _noto("Emoji")
_GENERAL = (MAIN, _noto("Sans"), _noto("SansSymbols"), EMOJI)


def choose_typefaces(text: str, emoji: Collection[str]) -> dict[str, Typeface]:
    """The face of each character of the text that a face has. `emoji` are those to be drawn as emoji."""
    cjk = _CJK_FACES[han_region(text)]
    chosen = {
        character: face
        for character in set(text)
        if (face := _typeface(character, cjk, preferring_emoji=character in emoji))
    }
    # A joiner from another font than the letters beside it would part them. One font must have it for all.
    scripts = Counter(face for face in chosen.values() if face in _BY_SCRIPT.values())
    [(main_script, _)] = scripts.most_common(1) or [(MAIN, 0)]
    return chosen | dict.fromkeys(set(_JOINERS).intersection(chosen), main_script)


def _typeface(character: str, cjk: Typeface, *, preferring_emoji: bool) -> Typeface | None:
    faces = _candidates(character, cjk, preferring_emoji=preferring_emoji)
    return next((face for face in faces if face.file.has(character)), None)


def _candidates(character: str, cjk: Typeface, *, preferring_emoji: bool) -> Iterator[Typeface]:
    if preferring_emoji or ord(character) >= _FIRST_EMOJI:
        yield EMOJI
    script = unicodedata.name(character, "").partition(" ")[0]
    if script in _CJK_NAMES:
        yield cjk
    if own := _BY_SCRIPT.get(script.partition("-")[0]):
        yield own
    yield from _GENERAL
    yield cjk
    yield from _BY_SCRIPT.values()


def han_region(text: str) -> str:
    """The region whose forms of Han characters a text is drawn in, because they share code points.

    Kana mean Japan and hangul Korea. In other texts the characters decide that only simplified Chinese (GB 2312) or
    only traditional Chinese (Big5) has; without a majority it is simplified.
    """
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in set(text)}
    if scripts & {"HIRAGANA", "KATAKANA"}:
        return "JP"
    if "HANGUL" in scripts:
        return "KR"
    han = [character for character in text if "\u4e00" <= character <= "\u9fff"]
    simplified = sum(_encodes(character, "gb2312") for character in han)
    traditional = sum(_encodes(character, "big5") for character in han)
    return "TC" if traditional > simplified else "SC"


@cache
def _encodes(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
