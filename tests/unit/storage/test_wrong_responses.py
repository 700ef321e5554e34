"""Storage that responds with something else than it documents, stalls, or breaks off, is unavailable."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import StorageUnavailable
from shared.storage import transfers
from shared.storage.forms import SignedUpload
from shared.storage.supabase_bucket import PEEK_BYTES, SupabaseStorage
from tests.support.faults.wrong_forms import NOT_JSON, others
from tests.support.serving import Handler, read_request, serving
from tests.unit.storage.storage_api import BUCKET, StorageApi
from tests.unit.storage.test_supabase_bucket import PATH, put, storage_at

Call = Callable[[SupabaseStorage, Path], Awaitable[object]]


async def always(_file: Path, _gap: range) -> bool:
    return True


CALLS: dict[str, tuple[Call, Any]] = {
    "put": (
        lambda storage, _: put(storage, b"x"),
        {"url": f"/object/upload/sign/{BUCKET}/{PATH}?token=t"},
    ),
    "fetch": (lambda storage, folder: storage.fetch(PATH, folder), {"size": 3}),
    "peek": (lambda storage, folder: storage.peek(PATH, folder, ends_suffice=always), {"size": 3}),
    "size": (lambda storage, _: storage.size(PATH), {"size": 3}),
    "list": (lambda storage, _: storage.list("reel/"), [{"name": "a.mp4", "id": "1"}]),
    "download_urls": (
        lambda storage, _: storage.download_urls([PATH], expires_in_seconds=60),
        [{"path": PATH, "signedURL": "/a?token=t", "error": None}],
    ),
    "upload_access": (
        lambda storage, _: storage.upload_access(PATH, expires_in_seconds=60),
        {"url": f"/object/upload/sign/{BUCKET}/{PATH}?token=t"},
    ),
}


def raw(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        len(body),
        body,
    )


def bodies(example: Any) -> Iterator[bytes]:
    yield from NOT_JSON
    yield from (json.dumps(each).encode() for each in others(example))


async def test_a_response_of_another_form_is_storage_unavailable(tmp_path: Path) -> None:
    """Or it is an answer: a list without files, or a URL that is null."""
    body = b""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(raw(body))
        writer.close()

    answers: Counter[str] = Counter()
    async with serving(handle) as url, storage_at(url, "key") as storage:
        for name, (call, example) in CALLS.items():
            for body in bodies(example):  # noqa: B007 - the server sends it
                try:
                    await call(storage, tmp_path)
                except (StorageUnavailable, FileNotFoundError):
                    continue
                answers[name] += 1
    assert max(answers.values()) <= 2, "of a few dozen each"


@pytest.fixture
async def api() -> AsyncIterator[StorageApi]:
    async with StorageApi(key="service-key").serve() as api:
        yield api


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "BASE_SECONDS", 0.5)
    monkeypatch.setattr(transfers, "SLOWEST_BYTES_PER_SECOND", 100 << 20)


def sending(*parts: bytes, then_drips: bool = False) -> Handler:
    """Sends parts of a response; then it drips, or closes the connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
        while then_drips and not reader.at_eof():
            writer.write(b".")
            with_pause = asyncio.create_task(reader.read(1))
            await asyncio.wait((with_pause,), timeout=0.05)
            with_pause.cancel()
        writer.close()

    return handle


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
BODIES: dict[str, Handler] = {
    "breaks off": sending(HEAD, b"frames"),
    "drips": sending(HEAD, b"frames", then_drips=True),
    "is shorter": sending(raw(b"frames")),
    "is longer": sending(raw(bytes(1_000_001))),
    "has no end": sending(b"HTTP/1.1 200 OK\r\n\r\n", bytes(1_000_001), then_drips=True),
    "is an error": sending(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    "is a redirect": sending(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    "is compressed": sending(raw(b"x").replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)),
}


@pytest.mark.parametrize("body", BODIES)
async def test_a_download_that_is_not_the_file_is_storage_unavailable(
    api: StorageApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    api.files[PATH] = bytes(1_000_000)
    async with serving(BODIES[body]) as url, storage_at(api.url, api.key) as storage:

        async def elsewhere(_self: SupabaseStorage, _path: str) -> str:
            return url

        monkeypatch.setattr(SupabaseStorage, "_url", elsewhere)
        async with asyncio.timeout(10):
            with pytest.raises(StorageUnavailable):
                await storage.fetch(PATH, tmp_path)
            with pytest.raises(StorageUnavailable):
                await storage.peek(PATH, tmp_path, ends_suffice=always)


async def test_a_server_that_ignores_ranges_is_not_read_into_memory(
    api: StorageApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.files[PATH] = bytes(3 * PEEK_BYTES)
    async with serving(sending(raw(bytes(3 * PEEK_BYTES)))) as url:

        async def elsewhere(_self: SupabaseStorage, _path: str) -> str:
            return url

        monkeypatch.setattr(SupabaseStorage, "_url", elsewhere)
        async with storage_at(api.url, api.key) as storage:
            with pytest.raises(StorageUnavailable):
                await storage.peek(PATH, tmp_path, ends_suffice=always)


async def test_an_upload_that_nobody_reads_ends(
    api: StorageApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def never_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await ended.wait()
        writer.close()

    async with serving(never_reads) as url, storage_at(api.url, api.key) as storage:

        async def elsewhere(_self: SupabaseStorage, _path: str, _options: object) -> SignedUpload:
            return SignedUpload(signed_url=url, token="t")

        monkeypatch.setattr(SupabaseStorage, "_signed_upload", elsewhere)
        async with asyncio.timeout(10):
            with pytest.raises(StorageUnavailable):
                await put(storage, bytes(30_000_000))
        ended.set()


async def test_a_disk_that_cannot_be_written_is_storage_unavailable(
    api: StorageApi, tmp_path: Path
) -> None:
    api.files[PATH] = bytes(1000)
    async with storage_at(api.url, api.key) as storage:
        for name in ("fetch", "peek"):
            call, _ = CALLS[name]
            with pytest.raises(StorageUnavailable):
                await call(storage, tmp_path / "missing")
