"""Slow or silent clients: none of them keeps a connection for long."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from shared.storage.factory import get_storage
from tests.support.backend import Backend
from tests.support.connections import RawConnection, connect, head
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api, Traces
from tests.support.users import User
from tests.support.waiting import eventually

HEALTH = f"{LIBRARY_BASE_PATH}/healthz"
PROJECTS = f"{LIBRARY_BASE_PATH}/projects"
# A client's slowness is what is tested, on the timers of another process's event loop, which no test can move.
HEAD_SECONDS = 0.6
BODY_SECONDS = 0.8
TIMEOUT_PROBLEM = "urn:editai:problem:request-timeout"


@pytest.fixture(scope="module")
def _impatient_library(backend: Backend) -> Iterator[FunctionProcess]:
    library = backend.functions["library"]
    library.start(SLOW_HEAD_SECONDS=str(HEAD_SECONDS), SLOW_BODY_SECONDS=str(BODY_SECONDS))
    yield library
    library.stop()


@pytest.fixture
def impatient(fresh_state: Backend, _impatient_library: FunctionProcess) -> FunctionProcess:
    """The library with less patience, so that a test reaches its end."""
    assert fresh_state
    return _impatient_library


@pytest.fixture
async def running(impatient: FunctionProcess, user: User) -> AsyncIterator[Api]:
    """That library as the user calls it."""
    async with httpx.AsyncClient(base_url=f"{impatient.url}/", timeout=30) as client:
        yield Api(http=client, headers=user.headers)


@asynccontextmanager
async def trickle(connection: RawConnection, piece: bytes) -> AsyncGenerator[None]:
    """Send a piece every tenth of a second while the block runs."""

    async def keep_sending() -> None:
        while True:
            await connection.send(piece)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(keep_sending())
    try:
        yield
    finally:
        task.cancel()


async def test_a_silent_connection_is_closed(impatient: FunctionProcess) -> None:
    async with connect(impatient.url) as connection:
        assert await connection.closed()


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"a"])
async def test_a_head_that_arrives_too_slowly_is_refused(
    impatient: FunctionProcess, piece: bytes
) -> None:
    async with connect(impatient.url) as connection:
        await connection.send(f"GET {HEALTH} HTTP/1.1\r\nHost: x\r\n".encode())
        async with trickle(connection, piece):
            answer = await connection.response()
            assert (answer.status, answer.problem["type"]) == (408, TIMEOUT_PROBLEM)
            assert answer.headers["connection"] == "close"
            assert await connection.closed()


async def test_a_slow_head_of_a_later_request_is_refused(impatient: FunctionProcess) -> None:
    async with connect(impatient.url) as connection:
        await connection.send(head("GET", HEALTH, {}))
        assert (await connection.response()).status == 200
        async with trickle(connection, b"\r\n"):
            assert await connection.closed()


async def test_each_request_of_a_connection_has_the_whole_time_for_its_head(
    impatient: FunctionProcess,
) -> None:
    """The time is that of one head, not of the connection."""
    async with connect(impatient.url) as connection:
        for _ in range(4):
            request = head("GET", HEALTH, {})
            await connection.send(request[:20])
            await asyncio.sleep(HEAD_SECONDS / 2)
            await connection.send(request[20:])
            assert (await connection.response()).status == 200


@pytest.mark.parametrize("framing", [{"Content-Length": "50"}, {"Transfer-Encoding": "chunked"}])
async def test_a_body_that_stops_arriving_is_refused(
    impatient: FunctionProcess, user: User, framing: dict[str, str]
) -> None:
    headers = {**user.headers, **framing, "Content-Type": "application/json"}
    async with connect(impatient.url) as connection:
        await connection.send(head("POST", PROJECTS, headers))
        answer = await connection.response()
        assert (answer.status, answer.problem["type"]) == (408, TIMEOUT_PROBLEM)
        assert answer.headers["connection"] == "close"


async def test_an_upload_that_arrives_too_slowly_leaves_nothing(
    running: Api, impatient: FunctionProcess, user: User, traces: Traces
) -> None:
    project = await running.new_project()
    path = f"{PROJECTS}/{project}/generate"
    framing = {"Content-Length": "90000000", "Content-Type": "multipart/form-data; boundary=b"}
    async with connect(impatient.url) as connection:
        await connection.send(head("POST", path, {**user.headers, **framing}))
        disposition = b'Content-Disposition: form-data; name="video"; filename="a.mp4"'
        await connection.send(b"--b\r\n" + disposition + b"\r\n\r\n")
        async with trickle(connection, b"x"):
            assert (await connection.response()).status == 408
            await eventually(lambda: not traces.files())
    assert traces.none()


async def test_a_slow_upload_to_a_signed_url_leaves_nothing(
    impatient: FunctionProcess, traces: Traces
) -> None:
    url = urlsplit(
        (await get_storage().upload_access("p/sources/a.mp4", expires_in_seconds=60)).url
    )
    async with connect(impatient.url) as connection:
        path = f"{url.path}?{url.query}"
        await connection.send(head("PUT", path, {"Content-Length": "90000000"}))
        async with trickle(connection, b"x"):
            assert (await connection.response()).status == 408
            await eventually(lambda: not traces.files())


async def test_a_slow_upload_that_keeps_arriving_is_accepted(running: Api) -> None:
    """The time is that of a portion, not of the body."""
    project = await running.new_project()

    async def video() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
        for _ in range(4):
            await asyncio.sleep(BODY_SECONDS / 2)
            yield bytes(70_000)
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    path = f"projects/{project}/generate"
    answer = await running.call("POST", path, content=video(), headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (422, "not_a_video")
