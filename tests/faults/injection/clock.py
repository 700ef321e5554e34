"""Jumps of the wall clock of function processes, by a small library that is loaded before the C library.

Why not libfaketime: with it loaded, timers of the workers' event loops sometimes never fired, so a run reported faults
of its own making. Only the wall clock is needed here.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults.injection.did_not_happen import DidNotHappen

_SOURCE = Path(__file__).with_name("clock_shim.c")


@dataclass(kw_only=True)
class HostClocks:
    """One file per process holds its clock's offset in seconds. The monotonic clock is not moved, as on a real host."""

    directory: Path

    def environment(self, process: str) -> Mapping[str, str]:
        """The environment in which a process's clock can be moved while it runs; empty without a C compiler."""
        if self._library is None:
            return {}
        self.move(process, 0)
        return {"LD_PRELOAD": str(self._library), "CLOCK_OFFSET_FILE": str(self._file(process))}

    def move(self, process: str, seconds: int) -> None:
        """Set a process's clock this far from the correct time. Raises DidNotHappen if it cannot be moved."""
        if self._library is None:
            raise DidNotHappen("there is no C compiler")
        file = self._file(process)
        # In place, because the process has mapped the file.
        with file.open("r+b" if file.exists() else "wb") as stream:
            stream.write(struct.pack("=q", seconds))

    def restore(self, processes: Iterable[str]) -> None:
        """Set clocks to the correct time."""
        for process in processes if self._library else ():
            self.move(process, 0)

    @cached_property
    def _library(self) -> Path | None:
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library = self.directory / "clock_shim.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
        built = subprocess.run(command, check=False, capture_output=True)
        return library if built.returncode == 0 else None

    def _file(self, process: str) -> Path:
        return self.directory / f"{process}.clock"
