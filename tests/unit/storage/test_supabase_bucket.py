"""The Storage interface over a Supabase bucket: its requests, and how it handles the responses."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from shared.database.transport import LeanClient
from shared.errors import PayloadTooLarge, StorageUnavailable, UnsupportedMediaType
from shared.media.probe import ends_suffice_for_probe, probe
from shared.storage import supabase_bucket
from shared.storage.paths import InvalidPath
from shared.storage.supabase_bucket import PEEK_BYTES, SupabaseStorage
from supabase import AsyncClient, AsyncClientOptions
from tests.support.media import footage
from tests.support.media.kinds import make_kind
from tests.support.waiting import eventually
from tests.unit.storage.storage_api import BUCKET, StorageApi

PATH = "reel/sources/video.mp4"


@pytest.fixture
async def api() -> AsyncIterator[StorageApi]:
    async with StorageApi(key="service-key").serve() as api:
        yield api


@asynccontextmanager
async def storage_at(url: str, key: str) -> AsyncGenerator[SupabaseStorage]:
    async with LeanClient(timeout_seconds=5, max_connections=4) as http:
        client = AsyncClient(url, key, AsyncClientOptions(httpx_client=http))

        async def connect() -> AsyncClient:
            return client

        yield SupabaseStorage(BUCKET, connect=connect)


@pytest.fixture
async def storage(api: StorageApi) -> AsyncIterator[SupabaseStorage]:
    async with storage_at(api.url, api.key) as storage:
        yield storage


async def put(storage: SupabaseStorage, content: bytes, path: str = PATH) -> None:
    async with storage.staging() as staged:
        staged.write_bytes(content)
        await storage.put(staged, path, content_type="video/mp4")


async def test_a_put_file_is_stored_completely(storage: SupabaseStorage, tmp_path: Path) -> None:
    await put(storage, b"frames" * 500_000)
    assert await storage.size(PATH) == 3_000_000
    fetched = await storage.fetch(PATH, tmp_path)
    assert fetched.read_bytes() == b"frames" * 500_000


async def test_putting_again_replaces_the_file(storage: SupabaseStorage, api: StorageApi) -> None:
    await put(storage, b"first")
    await put(storage, b"second")
    assert api.files == {PATH: b"second"}


async def test_staging_leaves_nothing_behind(storage: SupabaseStorage) -> None:
    async with storage.staging() as staged:
        staged.write_bytes(b"frames")
    assert not staged.parent.exists()


async def test_a_missing_file_has_no_size_and_cannot_be_fetched(
    storage: SupabaseStorage, tmp_path: Path
) -> None:
    assert await storage.size(PATH) is None
    with pytest.raises(FileNotFoundError):
        await storage.fetch(PATH, tmp_path)
    with pytest.raises(FileNotFoundError):
        await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)


async def test_list_descends_into_folders_and_stays_under_the_prefix(
    storage: SupabaseStorage,
) -> None:
    paths = ["reel/jobs/1/7/clip-1.mp4", "reel/jobs/1/9/clip-1.mp4", "reel/jobs/10/3/clip-1.mp4"]
    for path in (*paths, "reel/sources/a.mp4", "other/jobs/1/7/clip-1.mp4"):
        await put(storage, b"x", path)
    assert await storage.list("reel/jobs/1/") == paths[:2]
    assert await storage.list("reel/jobs/1") == sorted(paths)
    assert await storage.list("reel/sources/a.mp4") == ["reel/sources/a.mp4"]
    assert await storage.list("nothing/") == []


async def test_deleting_a_missing_file_is_harmless(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    await put(storage, b"x")
    await storage.delete([PATH])
    await storage.delete([PATH])
    assert api.files == {}


async def test_download_urls_are_created_in_one_call_and_serve_the_files(
    storage: SupabaseStorage,
) -> None:
    await put(storage, b"frames")
    urls = await storage.download_urls([PATH, "reel/gone.mp4"], expires_in_seconds=60)
    assert list(urls) == [PATH]
    async with httpx.AsyncClient() as http:
        assert (await http.get(urls[PATH])).content == b"frames"


async def test_an_upload_url_accepts_a_file_from_a_browser(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    access = await storage.upload_access(PATH, expires_in_seconds=60)
    async with httpx.AsyncClient() as http:
        assert (await http.put(access.url, content=b"frames")).status_code == 200
    assert api.files == {PATH: b"frames"}


async def test_a_resumable_upload_presents_the_token_of_the_upload_url(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    """Storage checks both against one signature: supabase/storage, src/http/routes/tus/lifecycle.ts."""
    access = await storage.upload_access(PATH, expires_in_seconds=60)
    assert access.resumable_url == f"{api.url}/storage/v1/upload/resumable/sign"
    assert access.url.endswith(f"?token={access.token}")
    assert api.tokens == {access.token: f"PUT {PATH}"}
    assert (access.bucket, access.path) == (BUCKET, PATH)


async def test_a_peek_reads_both_ends_of_a_large_file_and_nothing_else(
    storage: SupabaseStorage, api: StorageApi, tmp_path: Path
) -> None:
    middle = b"m" * 1000
    api.files[PATH] = b"a" * PEEK_BYTES + middle + b"z" * PEEK_BYTES
    peeked = (await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)).read_bytes()
    assert peeked == b"a" * PEEK_BYTES + bytes(1000) + b"z" * PEEK_BYTES
    assert len(api.ranges) == 2


@pytest.fixture
def short_peeks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Makes files of some kilobytes behave like files over 16 MB: only this size decides which bytes are read."""
    monkeypatch.setattr(supabase_bucket, "PEEK_BYTES", 40_000)
    return 40_000


def _index_in_the_middle(folder: Path) -> Path:
    video = make_kind("plain.mp4", folder)
    filler = 100_000
    with video.open("ab") as file:
        file.write(filler.to_bytes(4) + b"free" + bytes(filler - 8))
    return video


def _live_recording(folder: Path) -> Path:
    return make_kind("browser-recording.webm", folder)


def _broadcast(folder: Path) -> Path:
    return make_kind("plain.ts", folder)


@pytest.mark.parametrize("make", [_index_in_the_middle, _live_recording, _broadcast])
async def test_a_peek_at_a_large_video_probes_identically_to_the_whole_file(
    storage: SupabaseStorage,
    api: StorageApi,
    tmp_path: Path,
    short_peeks: int,
    make: Callable[[Path], Path],
) -> None:
    """A source is deleted if its peek is rejected, so a peek must not miss what only the middle shows."""
    video = make(tmp_path)
    assert video.stat().st_size > 2 * short_peeks
    api.files[PATH] = video.read_bytes()
    assert probe(await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)) == probe(
        video
    )


async def test_a_peek_at_a_large_video_with_an_index_does_not_read_its_middle(
    storage: SupabaseStorage, api: StorageApi, tmp_path: Path, short_peeks: int
) -> None:
    video = make_kind("plain.mp4", tmp_path)
    api.files[PATH] = video.read_bytes()
    peeked = await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)
    assert probe(peeked) == probe(video)
    assert peeked.read_bytes()[short_peeks:-short_peeks].strip(b"\0") == b""


@pytest.mark.parametrize(("sound", "ends_suffice"), [(4.5, True), (1.0, False)])
async def test_a_large_matroska_video_is_peeked_at_if_its_tracks_reach_its_end(
    storage: SupabaseStorage, api: StorageApi, tmp_path: Path, sound: float, ends_suffice: bool
) -> None:
    video = tmp_path / "large.mkv"
    footage.make(
        *(*footage.pattern(4.5, size="640x360", rate="24000/1001"), *footage.tone(sound)),
        *("-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-c:a", "aac", str(video)),
    )
    assert video.stat().st_size > 32 << 20
    api.files[PATH] = video.read_bytes()
    peeked = await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)
    facts = probe(peeked)
    assert facts == probe(video)
    assert (facts.video.frame_rate, facts.video.frame_count) == (Fraction(24000, 1001), 108)
    assert facts.audio is not None
    assert facts.audio.end_seconds == pytest.approx(sound, abs=0.03)
    assert (peeked.read_bytes() != api.files[PATH]) == ends_suffice


@pytest.mark.usefixtures("short_peeks")
async def test_only_one_large_video_is_held_as_a_whole_at_a_time(
    storage: SupabaseStorage, api: StorageApi, tmp_path: Path
) -> None:
    """The temporary directory may be in memory."""
    api.files[PATH] = _live_recording(tmp_path).read_bytes()
    (tmp_path / "second").mkdir()
    first = await storage.peek(PATH, tmp_path, ends_suffice=ends_suffice_for_probe)
    second = asyncio.create_task(
        storage.peek(PATH, tmp_path / "second", ends_suffice=ends_suffice_for_probe)
    )
    await eventually(lambda: len(api.ranges) == 4)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.shield(second)
    first.unlink()
    assert (await second).read_bytes() == api.files[PATH]


async def test_a_wrong_key_or_no_server_raises_storage_unavailable(api: StorageApi) -> None:
    for url, key in ((api.url, "wrong"), ("http://127.0.0.1:9", api.key)):
        async with storage_at(url, key) as storage:
            with pytest.raises(StorageUnavailable):
                await storage.list("reel/")


async def test_a_path_outside_the_bucket_is_never_sent(storage: SupabaseStorage) -> None:
    with pytest.raises(InvalidPath):
        await storage.delete(["../other-bucket/file"])


async def test_a_file_over_the_buckets_limit_is_told_the_limit(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    """Storage's own response, of status 400, does not contain it."""
    api.size_limit = 1000
    with pytest.raises(PayloadTooLarge, match="larger than the limit of 1,000 bytes") as refused:
        await put(storage, bytes(1001))
    assert refused.value.extensions == {"max_bytes": 1000}
    await put(storage, bytes(1000))


async def test_a_file_over_the_projects_own_limit_is_refused_without_a_number(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    api.size_limit, api.project_size_limit = 1000, 500
    with pytest.raises(
        PayloadTooLarge, match="The file is larger than the limit of storage"
    ) as large:
        await put(storage, bytes(501))
    assert large.value.extensions == {"max_bytes": None}


async def test_a_type_that_the_bucket_does_not_allow_is_named(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    api.allowed_types = ("image/jpeg",)
    with pytest.raises(UnsupportedMediaType, match="files of the type video/mp4"):
        await put(storage, b"frames")
    assert not api.files


@pytest.mark.parametrize(("status", "error"), [(413, PayloadTooLarge), (503, StorageUnavailable)])
async def test_a_gateways_own_refusal_is_told_from_an_outage(
    storage: SupabaseStorage, api: StorageApi, status: int, error: type[Exception]
) -> None:
    """A gateway before storage responds with a page of HTML."""
    api.gateway_status = status
    with pytest.raises(error):
        await put(storage, b"frames")


async def test_a_body_that_is_cut_off_for_its_size_is_told_from_an_outage(
    storage: SupabaseStorage, api: StorageApi
) -> None:
    api.size_limit, api.hangs_up = 1000, True
    with pytest.raises(PayloadTooLarge, match="1,000"):
        await put(storage, bytes(40_000_000))
    with pytest.raises(StorageUnavailable):
        await put(storage, bytes(900))
