"""TCP proxies of a run: one loses and delays data between functions and gateway, one distributes deliveries."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.pacing import pause

_BLOCK = 1 << 16


@dataclass(kw_only=True)
class Line:
    """How bad the line is. `cut`, `delay` and `drop` are probabilities for each block of data that passes."""

    cut: float = 0.0
    """A request is lost before it arrives."""
    delay: float = 0.0
    drop: float = 0.0
    """A response is lost, after its transaction was committed."""
    longest_delay_seconds: float = 0.3

    def probability(self, fault: str) -> float:
        """The probability of a fault for the current block."""
        return getattr(self, fault)


@dataclass(kw_only=True)
class Proxy:
    """Forwards connections to a target that may differ for each connection."""

    port: int
    target: Callable[[], int]
    line: Line
    random: random.Random
    counts: Counter[str] = field(default_factory=Counter[str])
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._on_client, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Stop listening, and abort open connections."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            await _abort(writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target())
        there = asyncio.create_task(self._pass(reader, far_writer, "cut", "requests lost"))
        back = asyncio.create_task(self._pass(far_reader, writer, "drop", "responses lost"))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            await _abort(far_writer)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: str, name: str
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_BLOCK):
                if self.random.random() < self.line.probability(fault):
                    self.counts[name] += 1
                    return
                if self.random.random() < self.line.probability("delay"):
                    self.counts["delays"] += 1
                    await pause(self.random.uniform(0, self.line.longest_delay_seconds))
                writer.write(data)
                await writer.drain()


async def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def spread(
    ports: Sequence[int], weights: Sequence[float], chance: random.Random
) -> Callable[[], int]:
    """A random target, by weight."""
    return lambda: chance.choices(ports, weights)[0]
