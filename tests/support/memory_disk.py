"""A small disk in memory that can be filled: a tmpfs in the mount namespace of a process, reached through /proc.

It needs no right to mount anything here, only user namespaces, and writes to it fail with the kernel's own ENOSPC.
"""

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MOUNT = (
    'mount -t tmpfs -o size="$1" tmpfs /mnt && mkdir -m 1777 /mnt/disk && echo mounted && exec cat'
)


@dataclass(frozen=True)
class MemoryDisk:
    """The disk's root directory."""

    root: Path

    @property
    def _filler(self) -> Path:
        return self.root / "filler"

    def fill(self, *, free_bytes: int) -> None:
        """Leave only so much space, to a page."""
        left = shutil.disk_usage(self.root).free - free_bytes
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, left)

    def names(self) -> set[str]:
        """What is on the disk, without what filled it."""
        return {path.name for path in self.root.iterdir() if path != self._filler}


@contextmanager
def memory_disk(size_bytes: int) -> Generator[MemoryDisk]:
    """A disk of this size until the end of the block."""
    holder = subprocess.Popen(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            _MOUNT,
            "sh",
            str(size_bytes),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mounted\n"
        try:
            yield MemoryDisk(Path(f"/proc/{holder.pid}/root/mnt/disk"))
        finally:
            assert holder.stdin is not None
            holder.stdin.close()  # the process ends, and the disk with it
