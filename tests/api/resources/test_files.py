"""Files of a local directory by signed URL: read, read in part, written once, and only until the URL expires."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import pytest
from freezegun import freeze_time

from shared.storage.factory import get_storage
from tests.support.library_client import Api, Traces, problem

PATH = "project-1/sources/0b9f.mp4"
CONTENT = b"0123456789abcdef" * 16_000


def insert_source(traces: Traces, path: str) -> None:
    """A row that refers to the file."""
    traces.admin.execute(
        "insert into editai_projects (id, owner_id, name) values ('project-1', gen_random_uuid(), 'Reel')"
    )
    traces.admin.execute(
        "insert into editai_sources (project_id, file_name, storage_path, content_type)"
        " values ('project-1', 'a.mp4', %s, 'video/mp4')",
        [path],
    )


@pytest.fixture
async def url(traces: Traces) -> str:
    insert_source(traces, PATH)
    file = traces.storage / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    return (await get_storage().download_urls([PATH], expires_in_seconds=60))[PATH]


def ranges(count: int) -> str:
    """So many ranges of a byte each."""
    return ",".join(f"{start}-{start}" for start in range(0, 2 * count, 2))


def bytes_read() -> int:
    """What this process has read from files and pipes so far."""
    return int(Path("/proc/self/io").read_text().split()[1])


async def upload_url(path: str = PATH, *, expires_in_seconds: int = 60) -> str:
    access = await get_storage().upload_access(path, expires_in_seconds=expires_in_seconds)
    return access.url


async def test_a_signed_url_opens_its_file_without_a_token(api: Api, url: str) -> None:
    answer = await api.http.get(url)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"].startswith("private, max-age=")


async def test_head_describes_a_file_without_reading_it(api: Api, url: str, traces: Traces) -> None:
    size = 100_000_000
    os.truncate(traces.storage / PATH, size)
    before = bytes_read()
    head = await api.http.head(url)
    assert bytes_read() - before < size / 100
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(size)
    assert head.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=255990-", 255990, 256000), ("bytes=-10", 255990, 256000)],
)
async def test_a_range_of_a_file_can_be_read(
    api: Api, url: str, wanted: str, start: int, end: int
) -> None:
    answer = await api.http.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


async def test_a_range_outside_of_the_file_is_a_problem(api: Api, url: str) -> None:
    answer = await api.http.get(url, headers={"Range": "bytes=256000-"})
    assert answer.status_code == 416
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-range"] == "bytes */256000"


@pytest.mark.parametrize(
    "wanted",
    [
        "x=1",
        "lines=0-9",
        "bytes=5-2",
        "bytes=0-9,5-2",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-9,x",
        "bytes=1-2-3",
        "bytes 0-9",
        "0-9",
        "bytes=0 - 9",
        "bytes=0-9,\x0b20-29",
        pytest.param(f"bytes={ranges(17)}", id="seventeen"),
        pytest.param(f"bytes=0-9{',' * 60_000}", id="commas"),
    ],
)
async def test_an_invalid_range_header_returns_the_whole_file(
    api: Api, url: str, wanted: str
) -> None:
    answer = await api.http.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("spaces", ["bytes=0-1,{}x", "bytes={}0-1{}x", "bytes=0-1{},"])
async def test_a_range_of_many_spaces_is_read_in_little_time(
    api: Api, url: str, spaces: str
) -> None:
    wanted = spaces.format(*[" " * 30_000] * 2)
    began = time.process_time()
    assert (await api.http.get(url, headers={"Range": wanted})).is_success
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-9, 20-29",
        "bytes=0-9,,20-29",
        "BYTES=20-29,0-9",
        "bytes= \t0-9\t ,20-29,",
        pytest.param(f"bytes=20-29,{ranges(15)}", id="sixteen"),
    ],
)
async def test_several_ranges_come_in_parts(api: Api, url: str, wanted: str) -> None:
    answer = await api.http.get(url, headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert CONTENT[20:30] in answer.content


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-1,99999999-", 0, 2),
        ("bytes=-0,0-1", 0, 2),
        ("bytes=256000-256001, ,-10", 255990, 256000),
    ],
)
async def test_ranges_outside_of_the_file_are_left_out_where_another_is_inside(
    api: Api, url: str, wanted: str, start: int, end: int
) -> None:
    """A set of ranges is satisfiable when one of them is (RFC 9110, 14.1.2)."""
    answer = await api.http.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])


async def test_of_several_ranges_those_inside_of_the_file_are_sent(api: Api, url: str) -> None:
    answer = await api.http.get(url, headers={"Range": "bytes=0-1,-1,99999999-"})
    assert answer.status_code == 206
    assert answer.content.count(b"Content-Range: bytes ") == 2


@pytest.mark.parametrize("wanted", ["bytes=-0", "bytes=256000-,-0"])
async def test_ranges_that_are_all_outside_of_the_file_are_a_problem(
    api: Api, url: str, wanted: str
) -> None:
    answer = await api.http.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */256000")


async def test_a_signed_url_works_until_it_expires(api: Api, url: str) -> None:
    with freeze_time(real_asyncio=True) as frozen:
        frozen.tick(timedelta(seconds=58))
        assert (await api.http.get(url)).status_code == 200
        frozen.tick(timedelta(seconds=3))
        answer = await api.http.get(url)
    content = problem(answer, 403, "invalid-url")
    assert content["detail"] == "This URL has expired. Ask for a new URL."


@pytest.mark.parametrize(
    "change",
    [
        {"expires": "9999999999"},
        {"signature": "0" * 64},
        {"signature": ""},
        {"expires": ""},
        {"path": "project-1/sources/other.mp4"},
        {"path": "project-1/sources/%2e%2e/sources/0b9f.mp4"},
        {"path": "project-1//sources/0b9f.mp4"},
        {"method": "PUT"},
    ],
)
async def test_a_signed_url_opens_its_own_file_and_nothing_else(
    api: Api, url: str, traces: Traces, change: dict[str, str]
) -> None:
    parts = urlsplit(url)
    signed = dict(parse_qsl(parts.query))
    query = signed | {name: change[name] for name in signed if name in change}
    path = parts.path.replace(PATH, change.get("path", PATH))
    changed = urlunsplit(parts._replace(path=path, query=""))
    answer = await api.http.request(change.get("method", "GET"), changed, params=query)
    problem(answer, 403, "invalid-url")
    assert len(traces.files()) == 1


async def test_a_file_that_is_gone_is_404(api: Api, url: str, traces: Traces) -> None:
    (traces.storage / PATH).unlink()
    problem(await api.http.get(url), 404, "file-not-found")


async def test_the_url_of_a_deleted_row_opens_nothing_though_its_file_is_still_there(
    api: Api, url: str, traces: Traces
) -> None:
    traces.admin.execute("delete from editai_sources")
    problem(await api.http.get(url), 404, "file-not-found")
    assert (traces.storage / PATH).exists()


async def test_a_file_is_uploaded_to_its_url_once(api: Api, traces: Traces) -> None:
    url = await upload_url()
    answer = await api.http.put(url, content=CONTENT)
    assert (answer.status_code, answer.content) == (201, b"")
    assert (traces.storage / PATH).read_bytes() == CONTENT
    problem(await api.http.put(url, content=b"other"), 409, "file-exists")
    problem(await api.http.get(url), 403, "invalid-url")
    assert (traces.storage / PATH).read_bytes() == CONTENT
    assert len(traces.files()) == 1


async def test_of_two_uploads_at_once_only_the_first_to_end_is_stored(
    api: Api, traces: Traces
) -> None:
    url = await upload_url()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"other"
        begun.set()
        await may_end.wait()
        yield b" content"

    uploading = asyncio.create_task(api.http.put(url, content=slow()))
    await begun.wait()
    assert (await api.http.put(url, content=CONTENT)).status_code == 201
    may_end.set()
    problem(await uploading, 409, "file-exists")
    assert (traces.storage / PATH).read_bytes() == CONTENT
    assert len(traces.files()) == 1


async def test_a_slow_upload_is_ended_soon_after_its_url_expires(
    api: Api, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real half hour is a timer of the event loop, which no test can move.
    monkeypatch.setattr("api.routes.files.UPLOAD_GRACE_SECONDS", 0.2)
    url = await upload_url(expires_in_seconds=1)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(70_000)
            await asyncio.sleep(0.05)  # a slow client is what is tested

    async with asyncio.timeout(5):
        problem(await api.http.put(url, content=endless()), 408, "request-timeout")
    assert not traces.files()


async def test_an_upload_url_expires(api: Api, traces: Traces) -> None:
    url = await upload_url()
    with freeze_time(real_asyncio=True) as frozen:
        frozen.tick(timedelta(seconds=61))
        problem(await api.http.put(url, content=CONTENT), 403, "invalid-url")
    assert not traces.files()


async def test_an_upload_over_the_limit_is_refused_unread(api: Api, traces: Traces) -> None:
    headers = {"content-length": "500000001"}
    answer = await api.http.put(await upload_url(), content=b"", headers=headers)
    problem(answer, 413, "payload-too-large")
    assert not traces.files()


async def test_an_upload_of_a_type_that_no_bucket_takes_is_refused_unread(
    api: Api, traces: Traces
) -> None:
    headers = {"content-type": "text/html"}
    answer = await api.http.put(await upload_url(), content=b"<script>", headers=headers)
    detail = problem(answer, 415, "unsupported-media-type")["detail"]
    assert detail.startswith("Storage does not accept files of the type text/html. It accepts ")
    assert not traces.files()


async def test_nothing_is_served_as_a_type_that_a_browser_would_run(
    api: Api, traces: Traces
) -> None:
    path = "project-1/sources/page.html"
    assert (await api.http.put(await upload_url(path), content=b"<script>")).status_code == 201
    insert_source(traces, path)
    url = (await get_storage().download_urls([path], expires_in_seconds=60))[path]
    assert (await api.http.get(url)).headers["content-type"] == "application/octet-stream"
    assert len(traces.files()) == 1
