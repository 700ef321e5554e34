"""The graceful end of a process: what a function does between SIGTERM and its exit.

Cloud Run sends SIGTERM 10 s before it kills an instance. gunicorn passes it on, and uvicorn then accepts no connection,
waits for the requests that it has, and ends. That is enough for short requests. Longer work ends itself early, here:

    async with until_ending():
        ...  # cancelled, and ProcessEnds raised, when the process has to end
    if is_ending(): ...  # begin nothing new

ASGI's own event for this, lifespan shutdown, comes only after all requests have ended. So the signal's handler is
wrapped.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

GRACE_SECONDS = 8.0
"""How long work may take to end itself. Cloud Run kills the instance after 10 s."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Those that uvicorn handles."""


class ProcessEnds(Exception):
    """The process has to end, and the work with it."""


@dataclass(kw_only=True)
class Ending:
    """Whether this process is ending, and the work that has to learn of it."""

    begun_at: float | None = None
    """The event loop's time of the first signal."""
    interrupts: set[Callable[[], None]] = field(default_factory=set[Callable[[], None]])
    tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    def begin(self) -> None:
        """Interrupt what must not go on; once."""
        if self.begun_at is None:
            self.begun_at = asyncio.get_running_loop().time()
            for interrupt in tuple(self.interrupts):
                interrupt()


process = Ending()
"""This process."""


def is_ending() -> bool:
    """Whether the process was told to end."""
    return process.begun_at is not None


def seconds_left() -> float:
    """How long the process may still work; GRACE_SECONDS while it was not told to end."""
    if process.begun_at is None:
        return GRACE_SECONDS
    return max(0.0, process.begun_at + GRACE_SECONDS - asyncio.get_running_loop().time())


@asynccontextmanager
async def until_ending(grace_seconds: float = 0.0) -> AsyncGenerator[None]:
    """Run the block; if the process has to end, cancel it and raise ProcessEnds once it has stopped.

    It may go on for `grace_seconds` after the process was told to end.
    """
    scope = asyncio.timeout(None)

    def interrupt() -> None:
        scope.reschedule(asyncio.get_running_loop().time() + grace_seconds)

    try:
        async with scope:
            process.interrupts.add(interrupt)
            if is_ending():
                interrupt()
            try:
                yield
            finally:
                process.interrupts.discard(interrupt)
    except TimeoutError:
        if scope.expired():
            raise ProcessEnds from None
        raise


def keep_until_done(task: asyncio.Task[Any]) -> None:
    """Let the process end only after this task, or after GRACE_SECONDS."""
    process.tasks.add(task)
    task.add_done_callback(process.tasks.discard)


@asynccontextmanager
async def ends_gracefully(_app: object) -> AsyncGenerator[None]:
    """The lifespan of a function's application: it learns of the signal, and waits for tasks that outlive requests."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        _wrap_handler(number, loop)
    yield
    if process.tasks:
        await asyncio.wait(process.tasks, timeout=seconds_left())


def _wrap_handler(number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
    """Let the server's handler run first; a second signal only reaches the server."""
    handler = signal.getsignal(number)
    if not callable(handler):
        return

    def on_signal(received: int, frame: FrameType | None) -> None:
        handler(received, frame)
        loop.call_soon_threadsafe(process.begin)

    signal.signal(number, on_signal)
