"""Font files through HarfBuzz, which libass shapes with too: what they draw, and smaller copies of them.

uharfbuzz comes without types; this module gives the part that is used here types.
"""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import uharfbuzz  # pyright: ignore[reportMissingTypeStubs]

_hb = cast("Any", uharfbuzz)


class FontFile:
    """One face of a font file."""

    def __init__(self, face: Any) -> None:
        self._face = face
        self._characters = face.unicodes
        self._em: int = face.upem

    @classmethod
    def open(cls, path: Path, index: int = 0) -> "FontFile":
        """A file, mapped into memory: only what is read of it is loaded. `index` is the place in a collection."""
        return cls(_hb.Face(_hb.Blob.from_file_path(path), index))

    @classmethod
    def of(cls, data: bytes) -> "FontFile":
        """The bytes of a file."""
        return cls(_hb.Face(data))

    @cached_property
    def _font(self) -> Any:
        return _hb.Font(self._face)

    def has(self, character: str) -> bool:
        """Whether the font has a glyph for a character."""
        return ord(character) in self._characters

    def glyphs(self, text: str) -> list[int]:
        """The numbers of the glyphs that a text is drawn with."""
        return [info.codepoint for info in self._shaped(text).glyph_infos]

    def width(self, text: str) -> float:
        """The width of a text in em."""
        advances: list[int] = [at.x_advance for at in self._shaped(text).glyph_positions]
        return sum(advances) / self._em

    def _shaped(self, text: str) -> Any:
        buffer = _hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        _hb.shape(self._font, buffer)
        return buffer

    def cut(self, characters: Iterable[str], *, weight: int) -> bytes:
        """A font file with only these characters. Of a variable font it has the weight nearest to the given one."""
        wanted = _hb.SubsetInput()
        wanted.sets(_hb.SubsetInputSets.UNICODE).update(map(ord, characters))
        for axis in self._face.axis_infos:
            value = weight if axis.tag == "wght" else axis.default_value
            value = min(axis.max_value, max(axis.min_value, value))
            wanted.pin_axis_location(self._face, axis.tag, value)
        return _hb.subset(self._face, wanted).blob.data
