"""The file that the probe's child process reads: by position, bounded in bytes, and nothing else.

It imports only what is small, because the child process starts for every probe.
"""

import os
from collections.abc import Iterator

_BOX_HEADER_BYTES = 16
_MAX_BOXES = 10_000
_MAX_MOOV_BYTES = 1 << 20


class LimitReached(Exception):
    """Reading a file takes more time or memory than a file of its size may take."""


class TooMuchRead(LimitReached):
    """A file made its reader read much more than the file holds."""


class InputFile:
    """The file-like object that PyAV reads from. It shares no position with other readers of the descriptor.

    `unread` are the bytes that are missing in this file, because only its ends were downloaded; `touched_unread` is
    then True once one of them was read. While `hollow` is True, reads give zeros and cost no input: the
    index of a file gives the times of its pictures, whatever the pictures are.
    """

    def __init__(self, descriptor: int, unread: range, max_read_bytes: int) -> None:
        self.size = os.fstat(descriptor).st_size
        self.hollow = False
        self.touched_unread = False
        self._descriptor = descriptor
        self._unread = unread
        self._position = 0
        self._left = max_read_bytes

    def read(self, size: int) -> bytes:
        """The next bytes, none at the end. Raises TooMuchRead."""
        data = self._at(self._position, size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, which is returned."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def boxes(self) -> Iterator[tuple[bytes, int, int]]:
        """The type, position and size of each top-level box of an MP4 file, as far as their sizes lead."""
        position = 0
        for _ in range(_MAX_BOXES):
            header = self._at(position, _BOX_HEADER_BYTES)
            if len(header) < 8:  # noqa: PLR2004 - size and type
                return
            size = int.from_bytes(header[:4], "big")
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            yield header[4:8], position, size
            if size < 8:  # noqa: PLR2004 - 0: up to the end of the file
                return
            position += size

    def is_open_ended(self) -> bool:
        """Whether an MP4 file in fragments states no length, as recorders write it: it may end anywhere."""
        kinds = set[bytes]()
        for kind, position, size in self.boxes():
            kinds.add(kind)
            if kind == b"moov" and b"mehd" in self._at(position, min(size, _MAX_MOOV_BYTES)):
                return False
        return b"moof" in kinds and b"sidx" not in kinds

    def _at(self, position: int, size: int) -> bytes:
        size = max(0, min(size, self.size - position))
        self._left -= size
        if self._left < 0:
            raise TooMuchRead
        if self.hollow:
            return bytes(size)
        if position < self._unread.stop and position + size > self._unread.start:
            self.touched_unread = True
        return os.pread(self._descriptor, size, position)
