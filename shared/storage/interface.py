"""Files of projects: one interface over a local directory or Supabase Storage.

A path is relative, is built only from ids that we generate, and means the same in both:

    {project_id}/sources/{source_id}{.ext}                             uploads
    {project_id}/jobs/{job_id}/{fencing_token}/clip-{number}.mp4|.jpg  outputs of jobs

A file appears at its path complete or not at all. Nothing is public: users get URLs that expire.
"""

import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.errors import StorageUnavailable

logger = logging.getLogger(__name__)


EndsSuffice = Callable[[Path, range], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class UploadAccess:
    """What allows anyone who has it to upload one new file: a PUT to `url`, or a resumable upload.

    A resumable upload presents `token` at `resumable_url`, and names the file's bucket and path. The URL is None where
    storage offers no resumable upload.
    """

    url: str
    token: str
    bucket: str
    path: str
    resumable_url: str | None


class Storage(Protocol):
    """Where files are stored. Every operation raises StorageUnavailable when the storage cannot be reached."""

    async def check(self) -> None:
        """Return if files can be stored. It asks storage each time; readyz asks less often, by StorageCheck."""
        ...

    def staging(self) -> AbstractAsyncContextManager[Path]:
        """A path for a local file that is being written; the file is deleted at the end unless it was put."""
        ...

    async def put(self, file: Path, path: str, *, content_type: str) -> None:
        """Store a local file, replacing any at that path. A staged file is moved; any other is left in place.

        Raises PayloadTooLarge or UnsupportedMediaType if storage never accepts it: see shared.storage.refusals.
        """
        ...

    async def fetch(self, path: str, directory: Path) -> Path:
        """A local file with the content, for reading only: a copy in `directory`, or the stored file itself.

        Raises FileNotFoundError when nothing is stored there.
        """
        ...

    async def peek(self, path: str, directory: Path, *, ends_suffice: EndsSuffice) -> Path:
        """A local file that probes identically to the stored one; unread bytes may be zero. Remove it soon.

        `ends_suffice` says whether a file is enough for that in which a range of bytes in the middle is unread.
        Raises FileNotFoundError.
        """
        ...

    async def size(self, path: str) -> int | None:
        """The size of a file in bytes; None when there is none."""
        ...

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files; missing files are ignored."""
        ...

    async def download_urls(
        self, paths: Sequence[str], *, expires_in_seconds: int
    ) -> dict[str, str]:
        """A URL for each path; anyone who has it may read the file until it expires.

        A path without a file may be left out.
        """
        ...

    async def upload_access(self, path: str, *, expires_in_seconds: int) -> UploadAccess:
        """Access for one new file; anyone who has it may upload the file until it expires."""
        ...

    async def remove_abandoned_uploads(self) -> int:
        """Remove what resumable uploads have left that can no longer be continued; return how many these were."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """The paths of all files that begin with `prefix`, at any depth, sorted."""
        ...


@contextmanager
def disk_faults() -> Generator[None]:
    """Turn the block's disk errors into StorageUnavailable: the disk may be full or missing."""
    try:
        yield
    except OSError as error:
        logger.warning("disk error: %s", error.strerror or type(error).__name__)
        raise StorageUnavailable from error
