"""The files of one stack, and the lock that allows only one stack per directory."""

import fcntl
import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

from local.files import read_json, write_json
from local.programs import CHECKOUT


@dataclass(frozen=True, kw_only=True)
class StackDirectory:
    """A directory such as `.local`. Two stacks never share one."""

    path: Path

    @classmethod
    def at(cls, path: Path | None) -> "StackDirectory":
        """The directory by its absolute path; the checkout's `.local` by default."""
        return cls(path=(path or CHECKOUT / ".local").resolve())

    def create(self) -> None:
        """Creates the folders. Postgres's user can pass through them, but only the owner can list them."""
        for folder in (self.path, self.logs, self.storage):
            folder.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711)
        self.logs.chmod(0o700)
        self.storage.chmod(0o700)

    @property
    def logs(self) -> Path:
        """One log per part."""
        return self.path / "logs"

    @property
    def storage(self) -> Path:
        """Stored files of the functions: sources, clips, thumbnails."""
        return self.path / "storage"

    @property
    def database(self) -> Path:
        """Postgres's data."""
        return self.path / "postgres"

    @property
    def stack_file(self) -> Path:
        """Describes the running stack to callers."""
        return self.path / "stack.json"

    @property
    def keys_file(self) -> Path:
        """The stack's secrets."""
        return self.path / "keys.json"

    @property
    def ports_file(self) -> Path:
        """The ports of the last run, which are reused if they are free."""
        return self.path / "ports.json"

    @cached_property
    def lock(self) -> "SupervisorLock":
        """Held by the running supervisor."""
        return SupervisorLock(self.path / "supervisor.lock")

    @contextmanager
    def one_command(self) -> Generator[None]:
        """Lets one command at a time start or stop the stack; others wait."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def log(self, name: str) -> Path:
        """The log of one part."""
        return self.logs / f"{name}.log"

    def read_stack(self) -> dict[str, Any] | None:
        """The description of the running stack; None if none runs or it is still starting."""
        stack = read_json(self.stack_file)
        running = stack is not None and stack["pids"]["supervisor"] == self.lock.holder()
        return stack if running else None

    def write_stack(self, content: dict[str, Any]) -> None:
        """Publishes the running stack."""
        write_json(self.stack_file, content)


class SupervisorLock:
    """A record lock on a file. The kernel releases it when its holder dies, and reports the holder's pid."""

    # struct flock of Linux on x86-64: type, whence, start, length, pid.
    _FLOCK = struct.Struct("hhqqi")

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stream: TextIO | None = None

    def acquire(self) -> bool:
        """Acquires the lock for the rest of this process's life; returns False if another process holds it."""
        stream = self._file.open("a")
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            stream.close()
            return False
        self._stream = stream
        return True

    def holder(self) -> int | None:
        """The pid of the holder; None if there is none. The holder itself must not call this.

        A process loses its record lock when it closes any descriptor of the file.
        """
        if not self._file.exists():
            return None
        query = self._FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        with self._file.open("r") as stream:
            result = self._FLOCK.unpack(fcntl.fcntl(stream, fcntl.F_GETLK, query))
        return None if result[0] == fcntl.F_UNLCK else int(result[4])
