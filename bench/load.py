"""A cheap load generator: it repeats one request on a number of connections.

It runs in its own process, so that it shares no event loop with what it measures. Reads a Load as JSON from stdin and
prints a Result as JSON.
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
"""How long the last responses may take."""


class Load(BaseModel):
    """The request, the number of connections and the duration. All responses must have `status`."""

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
    """Responses per second, and milliseconds per response."""

    rate: float
    median_ms: float
    p99_ms: float


class _Connection(asyncio.Protocol):
    """Repeats the request as soon as its response is complete, until it is stopped."""

    def __init__(self, request: bytes, statuses: Counter[int], latencies: list[float]) -> None:
        self._request, self._statuses, self._latencies = request, statuses, latencies
        self._stopping = False
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports share no class
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
        """Counts a response; called by the parser."""
        self._statuses[self._parser.get_status_code()] += 1
        self._latencies.append(time.perf_counter() - self._sent_at)
        if self._stopping:
            self._transport.close()
        else:
            self._send()

    def stop(self) -> None:
        """Stops after the response that is awaited."""
        self._stopping = True

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def run(load: Load) -> Result:
    """Runs the load and returns its result; raises ValueError for any other status."""
    async with asyncio.timeout(load.warm_up_seconds + load.seconds + GRACE_SECONDS):
        return await _run(load)


async def _run(load: Load) -> Result:
    url = urlsplit(load.url)
    host, port = url.hostname or "", url.port or 80
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    request = load.request()
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []
    for _ in range(load.connections):
        connection = _Connection(request, statuses, latencies)
        await loop.create_connection(lambda protocol=connection: protocol, host, port)
        connections.append(connection)
    await asyncio.sleep(load.warm_up_seconds)
    latencies.clear()
    started_at = time.perf_counter()
    await asyncio.sleep(load.seconds)
    latencies, seconds = sorted(latencies), time.perf_counter() - started_at
    for connection in connections:
        connection.stop()
    await asyncio.gather(*(connection.closed for connection in connections))
    if set(statuses) != {load.status}:
        raise ValueError(f"responses other than {load.status}: {dict(statuses)}")
    return Result(
        rate=len(latencies) / seconds,
        median_ms=statistics.median(latencies) * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
    )


def main() -> None:
    """Runs the load that stdin describes."""
    load = Load.model_validate_json(sys.stdin.read())
    print(uvloop.run(run(load)).model_dump_json())


if __name__ == "__main__":
    main()
