"""Files of projects: one interface, a local directory or Supabase Storage behind it.

A path is relative, made of ids of ours, and means the same in both:

    {project_id}/sources/{source_id}{.ext}                             what users upload
    {project_id}/jobs/{job_id}/{fencing_token}/clip-{number}.mp4|.jpg  what jobs make

A file appears under its path whole or not at all. Nothing is public: users get URLs that expire.
"""

import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from shared.errors import StorageUnavailable

logger = logging.getLogger(__name__)


EndsSuffice = Callable[[Path], Awaitable[bool]]


class Storage(Protocol):
    """Where files are kept. Every operation raises StorageUnavailable when it cannot be reached."""

    def staging(self) -> AbstractAsyncContextManager[Path]:
        """A name for a local file that is being made; gone at the end unless it was put."""
        ...

    async def put(self, file: Path, path: str, *, content_type: str) -> None:
        """Store a local file, replacing what was there. A staged file is moved, any other stays."""
        ...

    async def fetch(self, path: str, directory: Path) -> Path:
        """A local file with the content, to be read only: in `directory`, or the stored one itself.

        Raises FileNotFoundError when nothing is stored there.
        """
        ...

    async def peek(self, path: str, directory: Path, *, ends_suffice: EndsSuffice) -> Path:
        """A local file that probes identically to the stored one, to be removed soon; unread bytes may be zero.

        `ends_suffice` tells whether a file that has only its first and last bytes is enough for that.
        Raises FileNotFoundError.
        """
        ...

    async def size(self, path: str) -> int | None:
        """The size of a file in bytes; None when there is none."""
        ...

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files; those that are gone already do not matter."""
        ...

    async def download_urls(
        self, paths: Sequence[str], *, expires_in_seconds: int
    ) -> dict[str, str]:
        """A URL for each path, with which anyone may read the file until it expires.

        A path without a file may be left out.
        """
        ...

    async def upload_url(self, path: str, *, expires_in_seconds: int) -> str:
        """A URL to which anyone may PUT one new file until it expires."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """The paths of all files that begin with `prefix`, however deep, sorted."""
        ...


@contextmanager
def disk_faults() -> Generator[None]:
    """Raise StorageUnavailable for what a disk refuses in this block: it is full, or not there."""
    try:
        yield
    except OSError as error:
        logger.warning("the disk refused: %s", error.strerror or type(error).__name__)
        raise StorageUnavailable from error
