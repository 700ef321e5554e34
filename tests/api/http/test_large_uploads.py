"""Large uploads to the running process: memory, refusals while the client still sends, clients that disconnect."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.jobs.leases import acquire_lease
from tests.support.functions import FunctionProcess
from tests.support.library_client import SAMPLE, Api, Traces, problem
from tests.support.waiting import eventually

MEGABYTE = 1_000_000
LARGE = 400 * MEGABYTE
MAX_RESIDENT_KILOBYTES = 200 * 1024


async def test_memory_stays_small_while_a_large_video_comes_in(
    running: Api, library: FunctionProcess, traces: Traces, tmp_path: Path
) -> None:
    project = await running.new_project()
    video = large_video(tmp_path)
    reset_peaks(library)
    with video.open("rb") as file:
        response = await running.generate(project, file, file_name="large.mp4")
    assert response.status_code == 202, response.text
    (stored,) = traces.files()
    assert stored.stat().st_size == LARGE
    assert peak(library) < MAX_RESIDENT_KILOBYTES


async def test_a_busy_project_is_refused_without_a_byte_of_the_body(
    running: Api, traces: Traces
) -> None:
    project = await running.new_project()
    await acquire_lease(project, holder="nightly export", ttl_seconds=60)
    for headers in ({}, {"Expect": "100-continue"}):
        connection = await open_upload(running, project, LARGE, **headers)
        status, content = await connection.response()
        assert (status, content["type"]) == (409, "urn:editai:problem:project-busy")
        await connection.close()
    assert not traces.files()


async def test_an_unauthenticated_caller_is_refused_without_a_byte_of_the_body(
    running: Api,
) -> None:
    unauthenticated = Api(http=running.http, headers={})
    connection = await open_upload(unauthenticated, "any", LARGE)
    status, content = await connection.response()
    assert (status, content["type"]) == (401, "urn:editai:problem:unauthenticated")
    await connection.close()


async def test_a_wrong_field_is_refused_without_a_byte_of_the_file(
    running: Api, traces: Traces
) -> None:
    project = await running.new_project()
    connection = await open_upload(running, project, LARGE)
    connection.write(b'--b\r\nContent-Disposition: form-data; name="seed"\r\n\r\n-1\r\n')
    await connection.send(0)
    status, content = await connection.response()
    assert status == 422
    assert [part["location"] for part in content["errors"]] == ["body.seed"]
    await connection.close()
    await eventually(lambda: not traces.files())


async def test_a_client_that_expects_100_continue_gets_it(running: Api) -> None:
    project = await running.new_project()
    connection = await open_upload(running, project, LARGE, Expect="100-continue")
    assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await connection.close()


async def test_a_client_that_keeps_sending_gets_its_refusal(running: Api, traces: Traces) -> None:
    project = await running.new_project()
    await acquire_lease(project, holder="nightly export", ttl_seconds=60)
    # httpx does not read the response before it has sent the whole body.
    response = await running.generate(project, bytes(100 * MEGABYTE))
    problem(response, 409, "project-busy")
    assert response.headers["connection"] == "close"
    assert not traces.files()


async def test_a_body_over_the_limit_is_refused_unread(running: Api, traces: Traces) -> None:
    project = await running.new_project()
    connection = await open_upload(running, project, 501 * MEGABYTE)
    status, content = await connection.response()
    assert (status, content["type"]) == (413, "urn:editai:problem:payload-too-large")
    assert content["max_bytes"] == 500 * MEGABYTE
    assert "500,000,000" in content["detail"]
    await connection.close()
    assert not traces.files()


@pytest.fixture
def small_library(library: FunctionProcess) -> Iterator[FunctionProcess]:
    """The library with a limit that a test reaches quickly."""
    library.start(MAX_UPLOAD_BYTES="3000000")
    yield library
    library.stop()


@pytest.mark.parametrize(("announced", "sent"), [(3_050_000, 3_010_000), (None, 8_000_000)])
async def test_a_file_that_grows_over_the_limit_is_cut_off(
    running: Api,
    small_library: FunctionProcess,
    traces: Traces,
    announced: int | None,
    sent: int,
) -> None:
    project = await running.new_project()
    connection = await open_upload(running, project, announced)
    await connection.send(sent)
    status, content = await connection.response()
    assert (status, content["max_bytes"]) == (413, 3 * MEGABYTE)
    await connection.close()
    await eventually(lambda: not traces.files())
    assert traces.none()
    assert small_library.pid


async def test_an_upload_whose_client_disconnects_leaves_nothing(
    running: Api, traces: Traces
) -> None:
    project = await running.new_project()
    for size in (LARGE, None):
        connection = await open_upload(running, project, size)
        await connection.send(3 * MEGABYTE)
        await eventually(lambda: any(file.stat().st_size > MEGABYTE for file in traces.files()))
        await connection.close()
        await eventually(lambda: not traces.files())
    assert traces.none()
    assert (await running.generate(project)).status_code == 202


def large_video(directory: Path) -> Path:
    """The sample, grown by a box that players skip (ISO/IEC 14496-12, 8.1.2); a sparse file."""
    video = directory / "large.mp4"
    video.write_bytes(SAMPLE.read_bytes())
    filler = LARGE - video.stat().st_size
    with video.open("ab") as file:
        file.write(filler.to_bytes(4) + b"free")
        file.truncate(LARGE)
    return video


class Upload:
    """An upload whose bytes a test sends by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer
        self.chunked = False

    def write(self, data: bytes) -> None:
        framed = b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data
        self._writer.write(framed)

    async def send(self, size: int) -> None:
        """Send the start of a form, and `size` bytes of its file."""
        disposition = 'form-data; name="video"; filename="a.mp4"'
        self.write(f"--b\r\nContent-Disposition: {disposition}\r\n\r\n".encode())
        for _ in range(size // 10_000):
            self.write(bytes(10_000))
            await self._writer.drain()

    async def response(self) -> tuple[int, dict[str, Any]]:
        """The status and the content of the response."""
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        return int(head.split()[1]), json.loads(await self.reader.readexactly(length))

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


async def open_upload(api: Api, project: str, size: int | None, **headers: str) -> Upload:
    """Send the head of an upload of `size` bytes, or of a chunked one if `size` is None."""
    url = urlsplit(str(api.http.base_url.join(f"projects/{project}/generate")))
    upload = Upload(*await asyncio.open_connection(url.hostname, url.port))
    length = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
    content_type = "multipart/form-data; boundary=b"
    lines = {"Host": url.netloc, "Content-Type": content_type, **api.headers, **length, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    upload.write(f"POST {url.path} HTTP/1.1\r\n{head}\r\n".encode())
    upload.chunked = size is None
    return upload


def processes(function: FunctionProcess) -> list[Path]:
    """The processes of a function: its group."""
    found: list[Path] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            if os.getpgid(int(entry.name)) == function.pid:
                found.append(entry)
    return found


def reset_peaks(function: FunctionProcess) -> None:
    for process in processes(function):
        (process / "clear_refs").write_text("5")


def peak(function: FunctionProcess) -> int:
    """The most memory that any process of a function has used, in kilobytes."""
    peaks: list[int] = []
    for process in processes(function):
        status = (process / "status").read_text()
        peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
    return max(peaks)
