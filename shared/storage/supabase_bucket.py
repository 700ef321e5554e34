"""Storage in a private bucket of Supabase Storage.

Small calls use the process's Supabase client, whose timeouts fit a request. File contents are transferred by signed
URL, through a client whose timeouts fit a large file.
"""

import logging
import tempfile
from asyncio import Lock, sleep, to_thread
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from httpx import HTTPStatusError
from storage3.exceptions import StorageApiError
from storage3.types import CreateSignedUploadUrlOptions
from storage3.utils import StorageException

from shared.answers import ANYTHING, Form, WrongForm, checked, documented_form
from shared.database.client import get_supabase
from shared.errors import (
    EditAIError,
    PayloadTooLarge,
    StorageUnavailable,
    UnsupportedMediaType,
)
from shared.storage import refusals
from shared.storage.forms import Bucket, Entry, Info, SignedDownload, SignedUpload
from shared.storage.interface import EndsSuffice, UploadAccess
from shared.storage.paths import check_path, check_prefix
from shared.storage.transfers import download, download_parts, upload
from supabase import AsyncClient

T = TypeVar("T")

logger = logging.getLogger(__name__)

PAGE = 1000

PEEK_BYTES = 8 << 20
"""More than the index of a four-hour film takes."""

MAX_DEPTH = 8
"""Twice as deep as the folders of our paths."""

WHOLE_FILE_POLL_SECONDS = 0.1

TRANSFER_URL_SECONDS = 3600
_NOT_FOUND = ("404", "not_found")


class SupabaseStorage:
    """The Storage interface over one bucket."""

    def __init__(
        self, bucket: str, *, connect: Callable[[], Awaitable[AsyncClient]] = get_supabase
    ) -> None:
        self._bucket = bucket
        self._connect = connect
        self._fetching_whole = Lock()
        self._whole: Path | None = None

    async def check(self) -> None:
        """Ask for the bucket, which needs the service and a valid key, and transfers nothing."""
        try:
            await (await self._connect()).storage.get_bucket(self._bucket)
        except (StorageApiError, httpx.HTTPError, ValueError) as error:
            logger.warning("storage is not ready: %s", type(error).__name__)
            raise StorageUnavailable from error

    @asynccontextmanager
    async def staging(self) -> AsyncGenerator[Path]:
        """A path in a temporary directory that is deleted with its contents."""
        with tempfile.TemporaryDirectory(prefix="editai-staging-") as directory:
            yield Path(directory) / "file"

    async def put(self, file: Path, path: str, *, content_type: str) -> None:
        """Upload a file by a signed URL. Raises PayloadTooLarge, UnsupportedMediaType if the bucket refuses it."""
        size = (await to_thread(file.stat)).st_size
        signed = await self._signed_upload(path, CreateSignedUploadUrlOptions(upsert="true"))
        async with self._unavailable(path):
            try:
                await upload(file, signed.signed_url, size=size, content_type=content_type)
            except httpx.HTTPError as error:
                if refused := await self._refusal(error, size, content_type):
                    raise refused from error
                raise

    async def _refusal(
        self, error: httpx.HTTPError, size: int, content_type: str
    ) -> EditAIError | None:
        """The permanent refusal behind a failed upload of `size` bytes, if it is one."""
        kind = refusals.refusal(error.response) if isinstance(error, HTTPStatusError) else None
        if kind is UnsupportedMediaType:
            return refusals.type_not_allowed(content_type)
        # Asked after every failure: a server may close the connection in the middle of a body that is too large.
        if (limit := await self._size_limit()) and size > limit:
            return refusals.too_large(limit)
        # The project's own limit is lower than the bucket's, and no call tells it.
        return refusals.too_large(None) if kind is PayloadTooLarge else None

    async def _size_limit(self) -> int | None:
        """The size limit of the bucket in bytes; None if it has none, or does not tell it."""
        supabase = await self._connect()
        try:
            with documented_form():
                bucket = await supabase.storage.get_bucket(self._bucket)
            return checked(bucket, Bucket).file_size_limit
        except (StorageException, StorageApiError, httpx.HTTPError, WrongForm):
            return None

    async def fetch(self, path: str, directory: Path) -> Path:
        """Download a file by a signed URL, block by block."""
        target = directory / f"{uuid4().hex}-{PurePosixPath(path).name}"
        size = await self._size(path)
        url = await self._url(path)
        async with self._unavailable(path):
            with _removed_unless_whole(target):
                await download(url, target, size=size)
        return target

    async def peek(self, path: str, directory: Path, *, ends_suffice: EndsSuffice) -> Path:
        """A sparse file with the first and last bytes, where most containers keep what a probe reads.

        The whole file if these are not enough. Only one whole file exists at a time, because the directory may be in
        memory and a file may be as large as storage accepts.
        """
        ends = await self._ends(path, directory)
        size = (await to_thread(ends.stat)).st_size
        if size <= 2 * PEEK_BYTES or await ends_suffice(ends, range(PEEK_BYTES, size - PEEK_BYTES)):
            return ends
        await to_thread(ends.unlink)
        async with self._fetching_whole:
            # The caller that requested the previous one removes it with its directory; only its absence says so.
            while self._whole is not None and await to_thread(self._whole.exists):  # noqa: ASYNC110
                await sleep(WHOLE_FILE_POLL_SECONDS)
            self._whole = await self.fetch(path, directory)
            return self._whole

    async def _ends(self, path: str, directory: Path) -> Path:
        target = directory / f"{uuid4().hex}-{PurePosixPath(path).name}"
        size = await self._size(path)
        url = await self._url(path)
        parts = (
            [(0, size)] if size <= 2 * PEEK_BYTES else [(0, PEEK_BYTES), (size - PEEK_BYTES, size)]
        )
        async with self._unavailable(path):
            with _removed_unless_whole(target):
                await download_parts(url, target, size=size, parts=parts)
        return target

    async def size(self, path: str) -> int | None:
        """The size in bytes; None when there is no file."""
        try:
            return await self._size(path)
        except FileNotFoundError:
            return None

    async def _size(self, path: str) -> int:
        """The size in bytes. Raises FileNotFoundError."""
        safe = check_path(path)
        return (await self._ask(lambda files: files.info(safe), Info, path)).size

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove files, up to PAGE in one call."""
        paths_to_remove = [check_path(path) for path in paths]
        for start in range(0, len(paths_to_remove), PAGE):
            page = paths_to_remove[start : start + PAGE]
            await self._ask(partial(_remove, page), ANYTHING)

    async def download_urls(
        self, paths: Sequence[str], *, expires_in_seconds: int
    ) -> dict[str, str]:
        """Signed URLs, all in one call."""
        if not paths:
            return {}
        safe = [check_path(path) for path in paths]
        signed = await self._ask(
            lambda files: files.create_signed_urls(safe, expires_in_seconds), list[SignedDownload]
        )
        return {
            entry.path: entry.signedURL
            for entry in signed
            if entry.path and entry.signedURL and not entry.error
        }

    async def upload_access(self, path: str, *, expires_in_seconds: int) -> UploadAccess:
        """Both ways use one token. Supabase makes it valid for two hours, whatever `expires_in_seconds` is."""
        del expires_in_seconds
        signed = await self._signed_upload(path, None)
        base = str((await self._connect()).storage_url).rstrip("/")
        return UploadAccess(
            url=signed.signed_url,
            token=signed.token,
            bucket=self._bucket,
            path=path,
            resumable_url=f"{base}/upload/resumable/sign",
        )

    async def _signed_upload(
        self, path: str, options: CreateSignedUploadUrlOptions | None
    ) -> SignedUpload:
        safe = check_path(path)
        return await self._ask(
            lambda files: files.create_signed_upload_url(safe, options), SignedUpload, path
        )

    async def remove_abandoned_uploads(self) -> int:
        """Supabase removes them itself: an upload can be continued for 24 hours."""
        return 0

    async def list(self, prefix: str) -> list[str]:
        """All paths that begin with `prefix`, sorted. The API lists one folder at a time."""
        found = list[str]()
        folders = [check_prefix(prefix).rpartition("/")[0]]
        while folders:
            folder = folders.pop()
            async for entry in self._entries(folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.id is not None:
                    found.append(path)
                elif f"{path}/".startswith(prefix) or prefix.startswith(f"{path}/"):
                    folders.append(_checked_depth(path))
        return sorted(path for path in found if path.startswith(prefix))

    async def _url(self, path: str) -> str:
        """A URL for reading a file. Raises FileNotFoundError."""
        urls = await self.download_urls([path], expires_in_seconds=TRANSFER_URL_SECONDS)
        if path not in urls:
            raise FileNotFoundError(path)
        return urls[path]

    async def _entries(self, folder: str) -> AsyncIterator[Entry]:
        offset, previous = 0, list[Entry]()
        while True:
            page = await self._ask(partial(_list, folder, offset), list[Entry])
            if page and page == previous:
                logger.error("storage lists the same files again")
                raise StorageUnavailable
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            offset, previous = offset + PAGE, page

    async def _ask(
        self, request: Callable[[Any], Awaitable[Any]], form: Form[T], path: str = ""
    ) -> T:
        """What storage responds to a request of the bucket's client, in its form."""
        supabase = await self._connect()
        async with self._unavailable(path):
            with documented_form():
                response = await request(supabase.storage.from_(self._bucket))
            return checked(response, form)

    @asynccontextmanager
    async def _unavailable(self, path: str) -> AsyncGenerator[None]:
        """Turn errors of storage or the disk, and wrong responses, into FileNotFoundError or StorageUnavailable."""
        try:
            yield
        except StorageApiError as error:
            if str(error.status) in _NOT_FOUND or error.code in _NOT_FOUND:
                raise FileNotFoundError(path) from error
            raise StorageUnavailable from error
        except HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                raise FileNotFoundError(path) from error
            raise StorageUnavailable from error
        except (WrongForm, StorageException) as error:
            logger.error("storage's response has another form: %s", error)  # noqa: TRY400
            raise StorageUnavailable from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise StorageUnavailable from error
        except OSError as error:
            logger.warning("disk error: %s", error.strerror)
            raise StorageUnavailable from error


@contextmanager
def _removed_unless_whole(target: Path) -> Generator[None]:
    """Remove a file whose download does not end: the directory may be in memory, and the download is repeated."""
    try:
        yield
    except BaseException:
        # Not in a thread: a task that is being cancelled may not get to wait for one.
        target.unlink(missing_ok=True)
        raise


def _checked_depth(folder: str) -> str:
    """The folder; raises StorageUnavailable for one that is deeper than any of ours, as listing might never end."""
    if folder.count("/") > MAX_DEPTH:
        logger.error("storage lists folders that are too deep")
        raise StorageUnavailable
    return folder


async def _remove(paths: Sequence[str], files: Any) -> Any:
    return await files.remove(list(paths))


async def _list(folder: str, offset: int, files: Any) -> Any:
    return await files.list(folder, {"limit": PAGE, "offset": offset})
