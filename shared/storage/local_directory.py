"""Storage in a directory of this machine. The library serves its files (see shared.storage.signed_urls)."""

import os
import shutil
import time
from asyncio import to_thread
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import uuid4

from shared.storage.interface import EndsSuffice, UploadAccess, disk_faults
from shared.storage.paths import check_path, check_prefix
from shared.storage.refusals import check_type, too_large
from shared.storage.signed_urls import UrlSigner
from shared.storage.unfinished_uploads import FOLDER as UNFINISHED
from shared.storage.unfinished_uploads import UnfinishedUploads
from shared.storage.upload_tokens import UploadTokens

P = ParamSpec("P")
R = TypeVar("R")

STAGING = ".staging"
"""Hidden, so no stored file's path can lead there; in the same file system as the files, so a move is a rename."""

STALE_SECONDS = 24 * 3600


class LocalStorage:
    """The Storage interface over a directory. It refuses what the bucket refuses: other types, and larger files."""

    def __init__(
        self,
        directory: Path,
        signer: UrlSigner,
        tokens: UploadTokens,
        *,
        max_file_bytes: int,
        resumable_url: str | None = None,
    ) -> None:
        self.max_file_bytes = max_file_bytes
        self._directory = directory.absolute()
        self._staging = self._directory / STAGING
        self.signer = signer
        self.tokens = tokens
        self.unfinished = UnfinishedUploads(self._directory / UNFINISHED)
        self._resumable_url = resumable_url

    async def check(self) -> None:
        """Write a byte, and remove it: a full or missing disk shows only then."""
        async with self.staging() as file:
            await _on_disk(file.write_bytes, b"?")

    @asynccontextmanager
    async def staging(self) -> AsyncGenerator[Path]:
        """A path for a file that is being written; the file is deleted at the end unless it was put."""
        await _on_disk(self._prepare_staging)
        file = self._staging / uuid4().hex
        try:
            yield file
        finally:
            # Not in a thread: a task that is being cancelled may not get to wait for one. A file that cannot be
            # removed now is removed once it is stale.
            with suppress(OSError):
                file.unlink()

    async def put(self, file: Path, path: str, *, content_type: str) -> None:
        """Store a file. `content_type` is checked, not kept: it follows from the extension when the file is served."""
        check_type(content_type)
        if (await _on_disk(file.stat)).st_size > self.max_file_bytes:
            raise too_large(self.max_file_bytes)
        await _on_disk(self._put, file, self._file(path))

    async def put_new(self, staged: Path, path: str) -> bool:
        """Store a file of this file system unless the path is taken; return False, changing nothing, if it is."""
        return await _on_disk(_link, staged, self._file(path))

    async def fetch(self, path: str, directory: Path) -> Path:
        """The stored file itself."""
        del directory
        file = self._file(path)
        if not await _on_disk(file.is_file):
            raise FileNotFoundError(path)
        return file

    async def peek(self, path: str, directory: Path, *, ends_suffice: EndsSuffice) -> Path:
        """The stored file itself."""
        del ends_suffice
        return await self.fetch(path, directory)

    async def size(self, path: str) -> int | None:
        """The size in bytes; None when there is no file."""
        return await _on_disk(_size, self._file(path))

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files, and directories that become empty."""
        await _on_disk(self._delete, [self._file(path) for path in paths])

    async def download_urls(
        self, paths: Sequence[str], *, expires_in_seconds: int
    ) -> dict[str, str]:
        """Signed URLs that the library serves."""
        return {
            path: self.signer.url("GET", path, expires_in_seconds=expires_in_seconds)
            for path in paths
        }

    async def upload_access(self, path: str, *, expires_in_seconds: int) -> UploadAccess:
        """A signed URL that the library serves, and a token for the server of resumable uploads, if there is one."""
        expires_at = int(time.time()) + expires_in_seconds
        return UploadAccess(
            url=self.signer.url("PUT", path, expires_in_seconds=expires_in_seconds),
            token=self.tokens.create(path, expires_at=expires_at),
            bucket=self.tokens.bucket,
            path=path,
            resumable_url=self._resumable_url,
        )

    async def remove_abandoned_uploads(self) -> int:
        """Remove resumable uploads whose token expired half an hour ago or earlier."""
        return await _on_disk(self.unfinished.remove_abandoned)

    async def list(self, prefix: str) -> list[str]:
        """All paths that begin with `prefix`, sorted."""
        return await _on_disk(_paths, self._directory, check_prefix(prefix))

    def _file(self, path: str) -> Path:
        return self._directory / check_path(path)

    def _prepare_staging(self) -> None:
        """Create the staging directory, and remove files that a killed process left there."""
        self._staging.mkdir(parents=True, exist_ok=True)
        stale = time.time() - STALE_SECONDS
        for file in self._staging.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < stale:
                    file.unlink()

    def _put(self, file: Path, target: Path) -> None:
        if file.parent == self._staging:
            _rename(file, target)
            return
        self._staging.mkdir(parents=True, exist_ok=True)
        copy = self._staging / uuid4().hex
        try:
            shutil.copyfile(file, copy)
            _rename(copy, target)
        finally:
            copy.unlink(missing_ok=True)

    def _delete(self, files: Sequence[Path]) -> None:
        for file in files:
            file.unlink(missing_ok=True)
        for folder in {parent for file in files for parent in file.parents}:
            self._remove_if_empty(folder)

    def _remove_if_empty(self, folder: Path) -> None:
        while folder != self._directory and folder.is_relative_to(self._directory):
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


async def _on_disk(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run blocking disk work in a thread. Raises StorageUnavailable for disk errors."""
    with disk_faults():
        return await to_thread(work, *args, **kwargs)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def _paths(root: Path, prefix: str) -> list[str]:
    return sorted(
        path
        for folder, _, names in os.walk(root / prefix.rpartition("/")[0])
        for name in names
        if (path := (Path(folder) / name).relative_to(root).as_posix()).startswith(prefix)
    )


def _rename(file: Path, target: Path) -> None:
    """Move a file within one file system, replacing any file at the target."""
    _in_directory(target.parent, file, lambda: file.replace(target))


def _link(file: Path, target: Path) -> bool:
    """Hard-link a file within one file system; return False if the name is taken. Check and link are atomic."""

    def link() -> bool:
        try:
            target.hardlink_to(file)
        except FileExistsError:
            return False
        return True

    return _in_directory(target.parent, file, link)


def _in_directory(directory: Path, file: Path, move: Callable[[], R]) -> R:
    """Move a file into a directory, creating it; retry if a concurrent removal deleted the empty directory."""
    while True:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            return move()
        except FileNotFoundError:
            if not file.exists():
                raise
