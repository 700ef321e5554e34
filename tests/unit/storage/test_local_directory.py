"""The Storage interface over a local directory."""

import asyncio
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.errors import PayloadTooLarge, StorageUnavailable, UnsupportedMediaType
from shared.storage.local_directory import STAGING, STALE_SECONDS, LocalStorage
from shared.storage.paths import InvalidPath, content_type, video_extension
from shared.storage.signed_urls import UrlSigner
from shared.storage.upload_tokens import UploadTokens

MP4 = "video/mp4"


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    signer = UrlSigner(base_url="http://library", secret=SecretStr("a secret of the tests"))
    tokens = UploadTokens(bucket="editai", secret=SecretStr("a secret of the tests"))
    return LocalStorage(tmp_path / "storage", signer, tokens, max_file_bytes=1_000_000)


def files(storage: LocalStorage, tmp_path: Path) -> list[str]:
    root = tmp_path / "storage"
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


async def store(
    storage: LocalStorage, *paths: str, content: bytes = b"content", new: bool = False
) -> None:
    for path in paths:
        async with storage.staging() as staged:
            staged.write_bytes(content)
            if new:
                assert await storage.put_new(staged, path)
            else:
                await storage.put(staged, path, content_type=MP4)


async def test_a_staged_file_is_moved(storage: LocalStorage, tmp_path: Path) -> None:
    async with storage.staging() as staged:
        staged.write_bytes(b"content")
        inode = staged.stat().st_ino
        await storage.put(staged, "p/a.mp4", content_type=MP4)
        assert not staged.exists()
    assert (tmp_path / "storage/p/a.mp4").stat().st_ino == inode
    assert files(storage, tmp_path) == ["p/a.mp4"]


async def test_a_disk_error_raises_storage_unavailable(
    storage: LocalStorage, tmp_path: Path
) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"content")
    await store(storage, "p/a.mp4")
    staging = tmp_path / "storage" / STAGING
    staging.rmdir()
    staging.touch()
    with pytest.raises(StorageUnavailable):
        await storage.put(file, "p/b.mp4", content_type=MP4)
    with pytest.raises(StorageUnavailable):
        async with storage.staging():
            pytest.fail("there is nowhere to stage a file")
    assert await storage.size("p/a.mp4/below") is None
    assert files(storage, tmp_path) == [STAGING, "p/a.mp4"]


async def test_a_file_outside_staging_is_copied_and_stays(
    storage: LocalStorage, tmp_path: Path
) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"content")
    await storage.put(file, "p/a.mp4", content_type=MP4)
    file.write_bytes(b"changed later")
    fetched = await storage.fetch("p/a.mp4", tmp_path)
    assert fetched.read_bytes() == b"content"
    assert files(storage, tmp_path) == ["p/a.mp4"]


async def test_putting_again_replaces_the_file(storage: LocalStorage, tmp_path: Path) -> None:
    await store(storage, "p/a.mp4")
    await store(storage, "p/a.mp4", content=b"newer content")
    assert await storage.size("p/a.mp4") == len(b"newer content")


async def test_put_new_never_replaces_a_file(storage: LocalStorage, tmp_path: Path) -> None:
    outcomes: list[bool] = []
    for content in (b"first", b"second"):
        async with storage.staging() as staged:
            staged.write_bytes(content)
            outcomes.append(await storage.put_new(staged, "p/a.mp4"))
    assert outcomes == [True, False]
    assert (tmp_path / "storage/p/a.mp4").read_bytes() == b"first"
    assert files(storage, tmp_path) == ["p/a.mp4"]


async def test_a_staged_file_that_was_not_put_is_deleted(
    storage: LocalStorage, tmp_path: Path
) -> None:
    async with storage.staging() as staged:
        staged.write_bytes(b"content")
    assert files(storage, tmp_path) == []


async def test_a_cancelled_task_leaves_no_staged_file(
    storage: LocalStorage, tmp_path: Path
) -> None:
    staged_one = asyncio.Event()

    async def stage() -> None:
        async with storage.staging() as staged:
            staged.write_bytes(b"content")
            staged_one.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stage())
    await staged_one.wait()
    assert len(files(storage, tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(storage, tmp_path) == []


async def test_a_killed_process_s_staged_file_is_removed_after_a_day(
    storage: LocalStorage, tmp_path: Path
) -> None:
    await store(storage, "p/a.mp4")
    left = tmp_path / "storage" / STAGING / "left"
    left.write_bytes(b"content")
    async with storage.staging():
        assert left.exists()
    then = time.time() - STALE_SECONDS - 1
    os.utime(left, (then, then))
    async with storage.staging():
        assert not left.exists()
    assert files(storage, tmp_path) == ["p/a.mp4"]


async def test_a_missing_file_has_no_size_and_cannot_be_fetched(
    storage: LocalStorage, tmp_path: Path
) -> None:
    await store(storage, "p/a.mp4")
    for path in ("p/b.mp4", "p", "p/a.mp4/b", "q/a.mp4"):
        with pytest.raises(FileNotFoundError):
            await storage.fetch(path, tmp_path)
    assert await storage.size("p/b.mp4") is await storage.size("p/a.mp4/b") is None


async def test_list_returns_all_paths_that_begin_with_the_prefix(storage: LocalStorage) -> None:
    await store(storage, "p/jobs/j/1/clip-1.mp4", "p/jobs/j/1/clip-1.jpg", "p/jobs/j/12/clip-1.mp4")
    await store(storage, "p/sources/s.mp4", "pq/sources/s.mp4")
    assert await storage.list("p/jobs/j/1/") == ["p/jobs/j/1/clip-1.jpg", "p/jobs/j/1/clip-1.mp4"]
    assert len(await storage.list("p/jobs/")) == 3
    assert len(await storage.list("p/")) == 4
    assert await storage.list("p/sources/s.mp4") == ["p/sources/s.mp4"]
    assert await storage.list("nothing/") == []


async def test_deleting_a_missing_file_is_harmless(storage: LocalStorage, tmp_path: Path) -> None:
    await store(storage, "p/jobs/j/1/clip-1.mp4", "p/sources/s.mp4")
    for _ in range(2):
        await storage.delete(["p/jobs/j/1/clip-1.mp4", "p/never.mp4"])
    assert files(storage, tmp_path) == ["p/sources/s.mp4"]
    assert [entry.name for entry in (tmp_path / "storage/p").iterdir()] == ["sources"]


@pytest.mark.parametrize("new", [False, True])
async def test_a_directory_that_is_removed_concurrently_is_created_again(
    storage: LocalStorage, tmp_path: Path, *, new: bool
) -> None:
    done = threading.Event()

    def keep_removing() -> None:
        while not done.is_set():
            with suppress(OSError):
                (tmp_path / "storage" / "p").rmdir()

    removing = asyncio.create_task(asyncio.to_thread(keep_removing))
    try:
        for _ in range(300):
            await store(storage, "p/a.mp4", new=new)
            await storage.delete(["p/a.mp4"])
    finally:
        done.set()
        await removing
    assert [entry.name for entry in (tmp_path / "storage").iterdir()] == [STAGING]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "../a",
        "a/../b",
        "a/./b",
        ".hidden",
        "a/.b",
        "a b",
        "a\n",
        "a\x00",
        "ä",
        "a\\b",
        "a" * 513,
        f"{STAGING}/a",
    ],
)
async def test_an_invalid_path_is_rejected(
    storage: LocalStorage, tmp_path: Path, path: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with pytest.raises(InvalidPath):
        await storage.put(file, path, content_type=MP4)
    with pytest.raises(InvalidPath):
        await storage.fetch(path, tmp_path)
    with pytest.raises(InvalidPath):
        await storage.delete([path])
    with pytest.raises(InvalidPath):
        await storage.download_urls([path], expires_in_seconds=1)


@pytest.mark.parametrize("prefix", ["", "/", "..", "../", ".staging/", "a/../"])
async def test_a_prefix_outside_the_storage_is_rejected(storage: LocalStorage, prefix: str) -> None:
    with pytest.raises(InvalidPath):
        await storage.list(prefix)


def test_only_a_known_video_extension_is_kept() -> None:
    assert video_extension("My Film.MP4") == ".mp4"
    assert video_extension("archive.tar.webm") == ".webm"
    assert {video_extension(name) for name in ("page.html", "a.jpg", "noname", ".mp4", "")} == {""}


def test_an_unknown_extension_gets_a_type_that_no_browser_executes() -> None:
    assert content_type("p/a.html") == content_type("p/a") == "application/octet-stream"


async def test_what_a_bucket_would_refuse_is_refused(storage: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(PayloadTooLarge, match="limit of 1,000,000 bytes") as large:
        await store(storage, "p/a.mp4", content=bytes(1_000_001))
    assert large.value.extensions == {"max_bytes": 1_000_000}
    async with storage.staging() as staged:
        staged.write_bytes(b"<script>")
        with pytest.raises(
            UnsupportedMediaType, match=r"of the type text/html\. It accepts video/"
        ):
            await storage.put(staged, "p/a.html", content_type="text/html; charset=utf-8")
    assert files(storage, tmp_path) == []
    await store(storage, "p/a.mp4", content=bytes(1_000_000))
