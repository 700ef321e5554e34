"""A probe that hangs until it is told to go on: real child processes, forked as ever by a warm parent."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.programs import CHECKOUT
from shared.media.readers import children

# That they hang when they are told to is all that no file could bring about.
_PARENT = """
import os, sys, time
sys.path.insert(0, {checkout!r})
from shared.media.readers import mediainfo, warm_parent

def hang(descriptor):
    open({begun!r} + str(os.getpid()), "w").close()
    while not os.path.exists({end!r}):
        time.sleep(0.02)
    return mediainfo.report(descriptor)

warm_parent.READERS["mediainfo"] = hang
warm_parent.main()
"""


@dataclass(frozen=True, kw_only=True)
class Hanging:
    """The children that hang."""

    script: Path
    begun: Path
    end: Path

    def pids(self) -> list[int]:
        """The process ids of those that have begun."""
        return [int(path.name) for path in self.begun.iterdir()]

    def go_on(self) -> None:
        """Let them go on."""
        self.end.touch()


@contextmanager
def hanging_readers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Hanging]:
    """Let the probes of this process hang, up to the end of the block."""
    hanging = Hanging(script=folder / "parent.py", begun=folder / "begun", end=folder / "end")
    hanging.begun.mkdir()
    names = {"begun": f"{hanging.begun}/", "end": str(hanging.end)}
    hanging.script.write_text(_PARENT.format(checkout=str(CHECKOUT), **names))
    parent = children.WarmParent(hanging.script)
    monkeypatch.setattr(children, "warm_parent", parent)
    try:
        yield hanging
    finally:
        hanging.go_on()
        parent.end()
