"""Jumps of the wall clock of function processes, by libfaketime, which is loaded before the C library."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  # nosec B108
"""The C library's place for it, see shm_overview(7)."""


@dataclass(frozen=True, kw_only=True)
class HostClocks:
    """One file a process says how many seconds its clock is off. The monotonic clock stays true, as on a real host."""

    directory: Path

    def environment(self, process: str) -> Mapping[str, str]:
        """The variables under which a process's clock can be moved while it runs."""
        if not self._file(process).exists():
            self.move(process, 0)
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(process)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def move(self, process: str, seconds: int) -> None:
        """Set a process's clock that far from the true time."""
        file = self._file(process)
        draft = file.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}")
        draft.replace(file)

    def _file(self, process: str) -> Path:
        return self.directory / f"{process}.clock"


def remove_traces() -> None:
    """Remove what libfaketime shares between a process and its children, for processes that were killed."""
    for path in SHARED_MEMORY.glob("*faketime_s[eh]m_*"):
        if not Path(f"/proc/{path.name.rpartition('_')[2]}").exists():
            path.unlink(missing_ok=True)


def _library() -> Path:
    """The library in its package, which is not imported: it would reckon that this process is to be moved."""
    spec = importlib.util.find_spec("libfaketime")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("libfaketime")
    return Path(spec.origin).parent / _LIBRARY
