"""A file as MediaInfo reads it: without its chapters.

For each chapter, MediaInfo goes through all the others: 100,000 chapters take minutes, and no fact depends on them.
"""

import io
import os
import re

_CHAPTERS = re.compile(rb"(tref.{4})chap|\x10\x43\xa7\x70", re.DOTALL)
"""In MP4 the reference to a track of chapters, in Matroska the element of all chapters."""

_MARGIN_BYTES = 16


def _hidden(found: re.Match[bytes]) -> bytes:
    """The same bytes with a name that means nothing. Parsers skip what they do not know."""
    return found[1] + b"skip" if found[1] else b"\x10\x43\xa7\x71"


class WithoutChapters(io.RawIOBase):
    """A file of which the names of chapters are changed as it is read."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._position = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes. A name may begin before them or end after them."""
        size = self._size if size < 0 else size
        start = max(0, self._position - _MARGIN_BYTES)
        before = self._position - start
        data = os.pread(self._descriptor, before + size + _MARGIN_BYTES, start)
        read = _CHAPTERS.sub(_hidden, data)[before : before + size]
        self._position += len(read)
        return read

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move to a position, which is returned."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position
