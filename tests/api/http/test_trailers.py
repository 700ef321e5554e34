"""Trailers, the fields after a chunked body: the application does not read them, so few are accepted, none kept."""

import json

import pytest

from local.parts.functions import LIBRARY_BASE_PATH
from tests.api.http.test_large_uploads import peak, reset_peaks
from tests.support.connections import RawConnection, connect, head
from tests.support.functions import FunctionProcess
from tests.support.users import User

PROJECTS = f"{LIBRARY_BASE_PATH}/projects"
CHUNKED = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
CONTENT = json.dumps({"name": "Summer"}).encode()
CHUNK = b"%x\r\n%b\r\n" % (len(CONTENT), CONTENT)
KILOBYTE = 1024
ENDLESS = {
    "many": (b"", b"X: y\r\n" * 10_000),
    "one name": (b"", b"X" * 60_000),
    "one value": (b"X: ", b"y" * 60_000),
    "an extension of the last chunk": (b"0;", b"x" * 60_000),
}


async def send_much(connection: RawConnection, piece: bytes) -> None:
    """Send a piece until the other side has left, or forty megabytes have gone."""
    for _ in range(40_000_000 // len(piece)):
        await connection.send(piece)
        if connection.writer.is_closing():
            return


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("function", ["library", "worker", "lease_cleanup"])
async def test_endless_trailers_are_refused_and_not_kept(
    request: pytest.FixtureRequest, function: str, kind: str
) -> None:
    """Sending them needs no token."""
    called: FunctionProcess = request.getfixturevalue(function)
    begin, piece = ENDLESS[kind]
    reset_peaks(called)
    before = peak(called)
    async with connect(called.url) as connection:
        await connection.send(head("POST", PROJECTS, CHUNKED))
        await connection.send(begin if begin.startswith(b"0") else b"0\r\n" + begin)
        await send_much(connection, piece)
        assert peak(called) - before < 10 * KILOBYTE
        assert await connection.ended()


@pytest.mark.parametrize(
    "trailers",
    [b"X: y\r\n" * 101, b"X: " + b"y" * 70 * KILOBYTE + b"\r\n", b"X: " + b"y" * 70 * KILOBYTE],
    ids=["many", "large", "large, and unfinished"],
)
async def test_too_many_trailers_are_refused(
    library: FunctionProcess, user: User, trailers: bytes
) -> None:
    async with connect(library.url) as connection:
        await connection.send(head("POST", PROJECTS, {**user.headers, **CHUNKED}))
        await connection.send(CHUNK + b"0\r\n" + trailers)
        # More comes, as it does from a client that does not look for an answer yet.
        # What comes together with content may be read with it, and is not counted.
        await connection.send(b"z" * 600 * KILOBYTE)
        answer = await connection.response()
        assert (answer.status, answer.problem["type"]) == (431, "about:blank")
        assert answer.headers["connection"] == "close"
        assert await connection.closed()


async def test_few_trailers_change_nothing(library: FunctionProcess, user: User) -> None:
    """Neither who asks nor how the next request is read (RFC 9110, 6.5.1)."""
    trailers = b"X-Checksum: 1\r\nAuthorization: Bearer none\r\nExpect: 100-continue\r\n\r\n"
    async with connect(library.url) as connection:
        for _ in range(2):
            await connection.send(head("POST", PROJECTS, {**user.headers, **CHUNKED}))
            await connection.send(CHUNK + b"0\r\n" + trailers)
            assert (await connection.response()).status == 201


async def test_trailers_after_a_response_get_no_response_of_their_own(
    worker: FunctionProcess,
) -> None:
    """A second answer would be taken for that of the next request."""
    async with connect(worker.url) as connection:
        await connection.send(head("POST", "/", CHUNKED))
        assert (await connection.response()).status == 401
        await connection.send(b"0\r\n" + b"X: y\r\n" * 200)
        assert await connection.closed()


async def test_a_long_body_in_small_chunks_is_not_counted_as_trailers(
    library: FunctionProcess, user: User
) -> None:
    spaces = b"".join(b"%x\r\n%b\r\n" % (100, b" " * 100) for _ in range(2000))
    async with connect(library.url) as connection:
        await connection.send(head("POST", PROJECTS, {**user.headers, **CHUNKED}))
        for begin in range(0, len(spaces), 999):
            await connection.send(spaces[begin : begin + 999])
        await connection.send(CHUNK + b"0\r\n\r\n")
        assert (await connection.response()).status == 201
