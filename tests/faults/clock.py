"""Jumps of the wall clock of function processes, by a small library that is loaded before the C library."""

import shutil
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock_shim.c")


@dataclass(frozen=True, kw_only=True)
class ClockShim:
    """One file a process holds how many seconds its clock is off."""

    library: Path
    directory: Path

    @classmethod
    def build(cls, directory: Path) -> "ClockShim | None":
        """Compile it; None where there is no C compiler, and clocks then do not jump."""
        compiler = shutil.which("cc")
        if compiler is None:
            return None
        library = directory / "clock_shim.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
        built = subprocess.run(command, check=False, capture_output=True)
        return cls(library=library, directory=directory) if built.returncode == 0 else None

    def environment(self, process: str) -> Mapping[str, str]:
        """The variables under which a process's clock can be moved."""
        file = self._file(process)
        if not file.exists():
            self.move(process, 0)
        return {"LD_PRELOAD": str(self.library), "CLOCK_OFFSET_FILE": str(file)}

    def move(self, process: str, seconds: int) -> None:
        """Set a process's clock that far from the true time, while it runs."""
        file = self._file(process)
        mode = "r+b" if file.exists() else "wb"
        with file.open(mode) as stream:
            stream.write(struct.pack("=q", seconds))

    def _file(self, process: str) -> Path:
        return self.directory / f"{process}.clock"
