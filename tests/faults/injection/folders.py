"""Folders that disappear for a while: a file takes the place of each, so no process can create it again."""

import ctypes
import os
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.faults.pacing import pause

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(kw_only=True)
class Folders:
    """Takes folders away and puts them back with their content."""

    _aside: dict[Path, Path] = field(default_factory=dict[Path, Path])

    async def take_away(self, folder: Path, *, for_seconds: float) -> None:
        """Put a file in a folder's place for a while. Raises FileExistsError if the folder is already away."""
        self._take(folder)
        try:
            await pause(for_seconds)
        finally:
            self._put_back(folder)

    def restore(self) -> None:
        """Put back every folder that is away."""
        for folder in list(self._aside):
            self._put_back(folder)

    def _take(self, folder: Path) -> None:
        if folder in self._aside:
            raise FileExistsError(folder)
        folder.mkdir(exist_ok=True)
        aside = folder.with_name(f"{folder.name}-aside-{uuid4().hex}")
        aside.touch()
        exchange(folder, aside)
        self._aside[folder] = aside

    def _put_back(self, folder: Path) -> None:
        aside = self._aside.pop(folder, None)
        if aside is not None:
            exchange(folder, aside)
            aside.unlink()


def exchange(one: Path, other: Path) -> None:
    """Swap two names atomically: if a name were free for a moment, a worker could take it.

    Source: renameat2(2), which Python does not offer.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    names = (_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other))
    if libc.renameat2(*names, _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))
