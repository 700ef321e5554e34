"""The server's limits, before the application: connections, size of a head, and HTTP only."""

import asyncio
from contextlib import AsyncExitStack, suppress

import httpx
import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from tests.api.http.test_large_uploads import peak, reset_peaks
from tests.support.connections import RawResponse, connect, head
from tests.support.functions import FunctionProcess
from tests.support.users import User

HEALTH = f"{LIBRARY_BASE_PATH}/healthz"
PROJECTS = f"{LIBRARY_BASE_PATH}/projects"
KILOBYTE = 1024


async def answer_to(library: FunctionProcess, sent: bytes) -> RawResponse:
    """What the library says to bytes; it must close the connection or take another request on it."""
    async with connect(library.url) as connection:
        await connection.send(sent)
        answer = await connection.response()
        if answer.headers.get("connection") == "close":
            assert await connection.closed()
        else:
            await connection.send(head("GET", HEALTH, {}))
            assert (await connection.response()).status == 200
    return answer


async def test_hundreds_of_idle_connections_do_not_block_other_requests(
    library: FunctionProcess, user: User
) -> None:
    library.start()
    reset_peaks(library)
    before = peak(library)
    async with AsyncExitStack() as stack:
        for number in range(400):
            connection = await stack.enter_async_context(connect(library.url))
            if number % 2:
                await connection.send(b"GET / HTTP/1.1\r\nX-Never-Ending: " + bytes([97]) * 1000)
        async with httpx.AsyncClient(base_url=f"{library.url}/", headers=user.headers) as client:
            answers = await asyncio.gather(*(client.get("projects") for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert peak(library) - before < 30 * 1024


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Large": "a" * 66 * KILOBYTE},
        {f"X-{number}": "a" * KILOBYTE for number in range(66)},
        {f"X-{number}": "" for number in range(101)},
        {"Authorization": f"Bearer {'a' * 500 * KILOBYTE}"},
    ],
    ids=["one header", "many large headers", "many small headers", "a huge token"],
)
async def test_a_head_that_is_too_large_is_refused(
    library: FunctionProcess, headers: dict[str, str]
) -> None:
    answer = await answer_to(library, head("GET", HEALTH, headers))
    assert (answer.status, answer.problem["type"]) == (431, "about:blank")


async def test_an_endless_head_is_refused(library: FunctionProcess) -> None:
    reset_peaks(library)
    before = peak(library)
    async with connect(library.url) as connection:
        await connection.send(b"GET / HTTP/1.1\r\nX-A: ")
        for _ in range(1000):
            await connection.send(b"a" * 100 * KILOBYTE)
            if connection.reader.at_eof():
                break
        assert peak(library) - before < 20 * KILOBYTE


async def test_a_head_of_a_usual_size_is_accepted(library: FunctionProcess) -> None:
    headers = {f"X-{number}": "a" * 600 for number in range(95)}
    assert (await answer_to(library, head("GET", HEALTH, headers))).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        head("POST", PROJECTS, {"Transfer-Encoding": "chunked"}) + b"zz\r\n",
        b"NONSENSE / HTTP/1.1\r\n\r\n",
        head("POST", PROJECTS, {"Content-Length": "-1"}),
        head("POST", PROJECTS, {"Content-Length": "+5"}),
        head("POST", PROJECTS, {"Content-Length": "1_0"}),
        head("POST", PROJECTS, {"Content-Length": "9" * 30}),
        head("POST", PROJECTS, {"Content-Length": "5", "content-length": "6"}),
        head("POST", PROJECTS, {"Content-Length": "5", "Transfer-Encoding": "chunked"}),
        head("POST", PROJECTS, {"Transfer-Encoding": "chunked, identity"}),
        head("POST", PROJECTS, {"Transfer-Encoding": "xchunked"}),
        head("GET", HEALTH, {"X A": "b"}),
        head("GET", HEALTH, {"X-A": "a\x00b"}),
        head("GET", HEALTH, {"X-A": "a\nX-B: b"}),
        head("GET", HEALTH, {"X-A": "a\rX-B: b"}),
    ],
    ids=lambda sent: repr(sent[-40:]),
)
async def test_an_ambiguous_framing_is_refused(library: FunctionProcess, sent: bytes) -> None:
    """So nothing is smuggled past a proxy (RFC 9112, 11.2)."""
    answer = await answer_to(library, sent)
    assert answer.status == 400
    assert answer.problem["type"] == "urn:editai:problem:malformed-request"
    assert answer.headers["connection"] == "close"


async def test_an_upgrade_to_another_protocol_is_ignored(library: FunctionProcess) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    async with connect(library.url) as connection:
        await connection.send(head("GET", HEALTH, upgrade))
        assert (await connection.response()).status == 200


async def test_pipelined_requests_get_their_responses_in_order(
    library: FunctionProcess, user: User
) -> None:
    async with connect(library.url) as connection:
        await connection.send(head("GET", PROJECTS, {}) + head("GET", PROJECTS, user.headers))
        assert [(await connection.response()).status for _ in range(2)] == [401, 200]


@pytest.mark.parametrize(
    "broken", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX-A: " + b"a" * 70 * KILOBYTE]
)
async def test_an_error_of_a_request_is_never_the_response_to_an_earlier_one(
    library: FunctionProcess, user: User, broken: bytes
) -> None:
    async with connect(library.url) as connection:
        await connection.send(head("GET", PROJECTS, user.headers) + broken)
        with suppress(ConnectionError):
            received = await connection.reader.read(-1)
            assert b" 400 " not in received
            assert b" 431 " not in received


async def test_invalid_bytes_after_a_completed_request_are_refused(
    library: FunctionProcess,
) -> None:
    async with connect(library.url) as connection:
        await connection.send(head("GET", HEALTH, {}))
        assert (await connection.response()).status == 200
        await connection.send(b"nonsense\r\n\r\n")
        assert (await connection.response()).status == 400


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["x"], 200),
        (["[::1]:8080"], 200),
        ([], 400),
        (["x", "x"], 400),
        (["x/y"], 400),
        ([""], 400),
    ],
)
async def test_a_request_names_its_host_once(
    library: FunctionProcess, hosts: list[str], status: int
) -> None:
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    sent = f"GET {HEALTH} HTTP/1.1\r\n{lines}\r\n".encode()
    assert (await answer_to(library, sent)).status == status
