"""A load generator that costs little: it repeats one request on a number of connections.

Run in a process of its own, so that what it measures does not share its event loop. Reads a Load as
JSON from stdin, prints a Result as JSON.
"""

import asyncio
import statistics
import sys
import time
from collections import Counter
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop
from pydantic import BaseModel

GRACE_SECONDS = 10
"""How long the last answers may take."""


class Load(BaseModel):
    """What is sent, on how many connections and for how long; the answers must have `status`."""

    method: str
    url: str
    headers: dict[str, str]
    body: str = ""
    status: int
    connections: int = 16
    warm_up_seconds: float = 1
    seconds: float = 5

    def request(self) -> bytes:
        """The request as it goes over the wire."""
        url = urlsplit(self.url)
        headers = {**self.headers, "host": url.netloc, "content-length": str(len(self.body))}
        lines = [f"{self.method} {url.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, "", self.body]).encode()


class Result(BaseModel):
    """Answers a second, and milliseconds that an answer took."""

    rate: float
    median_ms: float
    p99_ms: float


class _Connection(asyncio.Protocol):
    """Sends the request again as soon as its answer is complete, until told to stop."""

    def __init__(self, request: bytes, statuses: Counter[int], took: list[float]) -> None:
        self._request, self._statuses, self._took = request, statuses, took
        self._stopping = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no common class
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            if self._stopping:
                self.closed.set_result(None)
            else:
                self.closed.set_exception(exc or ConnectionError("closed by the server"))

    def on_message_complete(self) -> None:
        """Counts an answer; called by the parser."""
        self._statuses[self._parser.get_status_code()] += 1
        self._took.append(time.perf_counter() - self._sent_at)
        if self._stopping:
            self._transport.close()
        else:
            self._send()

    def stop(self) -> None:
        """Lets the answer that is awaited be the last."""
        self._stopping = True

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def run(load: Load) -> Result:
    """Puts the load on and returns what came of it; raises ValueError for any other status."""
    async with asyncio.timeout(load.warm_up_seconds + load.seconds + GRACE_SECONDS):
        return await _run(load)


async def _run(load: Load) -> Result:
    url = urlsplit(load.url)
    host, port = url.hostname or "", url.port or 80
    statuses: Counter[int] = Counter()
    took: list[float] = []
    request = load.request()
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    for _ in range(load.connections):
        connection = _Connection(request, statuses, took)
        await loop.create_connection(lambda made=connection: made, host, port)
        connections.append(connection)
    await asyncio.sleep(load.warm_up_seconds)
    took.clear()
    started_at = time.perf_counter()
    await asyncio.sleep(load.seconds)
    answers, seconds = sorted(took), time.perf_counter() - started_at
    for connection in connections:
        connection.stop()
    await asyncio.gather(*(connection.closed for connection in connections))
    if set(statuses) != {load.status}:
        raise ValueError(f"answers other than {load.status}: {dict(statuses)}")
    return Result(
        rate=len(answers) / seconds,
        median_ms=statistics.median(answers) * 1000,
        p99_ms=answers[len(answers) * 99 // 100] * 1000,
    )


def main() -> None:
    """Puts on the load that stdin describes."""
    load = Load.model_validate_json(sys.stdin.read())
    print(uvloop.run(run(load)).model_dump_json())


if __name__ == "__main__":
    main()
