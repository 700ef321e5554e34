"""Prepares emoji sequences for a font without colour.

A family, a profession or a keycap is a sequence of characters that the font has one glyph for. In the script it becomes
one private character, since libass chooses a font for each character: the joiner or the digit in a sequence would come
from another font and take the sequence apart. A sequence without a glyph is drawn as its parts, as other systems do.

Skin tones are left out, because they would differ in colour alone, and so are tags, which make a region's flag.
"""

import re
from collections.abc import Mapping

from pipeline.encoding.text.typefaces import EMOJI

_PRESENTATION = "\ufe0f"
_JOINER = "\u200d"
_FIRST_PRIVATE, _LAST_PRIVATE = 0xE000, 0xEEFF  # those after it are in DejaVu Sans

_PICTURE = "[\u2190-\u2bff\U0001f000-\U0001faff]"
_SEQUENCE = re.compile(f"{_PICTURE}(?:{_JOINER}{_PICTURE})+|[0-9#*]\u20e3")
_TONE_OR_TAG = re.compile("(?<=.)[\U0001f3fb-\U0001f3ff]|[\U000e0020-\U000e007f]")
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_AS_EMOJI = re.compile(f"([^\0-\x7f{_PRESENTATION}]){_PRESENTATION}")


def emoji_in(text: str) -> frozenset[str]:
    """The characters that the text wants drawn as emoji although other fonts have them too."""
    bare = _TONE_OR_TAG.sub("", text)
    parts = "".join(_SEQUENCE.findall(_SELECTOR.sub("", bare)))
    return frozenset(_AS_EMOJI.findall(bare)).union(filter(_is_picture, parts))


def _is_picture(character: str) -> bool:
    return re.fullmatch(_PICTURE, character) is not None


def sequences_in(text: str) -> dict[str, str]:
    """The sequences that the emoji font has a glyph for, by the private character that stands for each."""
    found = sorted(set(_SEQUENCE.findall(_without_modifiers(text))))
    drawn = [sequence for sequence in found if len(EMOJI.file.glyphs(sequence)) == 1]
    private = range(_FIRST_PRIVATE, _LAST_PRIVATE)
    return {chr(code): sequence for code, sequence in zip(private, drawn, strict=False)}


def simplify(text: str, sequences: Mapping[str, str]) -> str:
    """The text with a private character for each of the sequences, and without what changes nothing in the picture."""
    private = {sequence: character for character, sequence in sequences.items()}
    return _SEQUENCE.sub(
        lambda match: private.get(match[0], match[0].replace(_JOINER, "")), _without_modifiers(text)
    )


def _without_modifiers(text: str) -> str:
    return _SELECTOR.sub("", _TONE_OR_TAG.sub("", text))
