"""Waiting for a condition; tests wait in no other way."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    condition: Callable[[], T | Awaitable[T]],
    timeout: float = 10,  # noqa: ASYNC109 - the error names it
    *,
    interval: float = 0.02,
) -> T:
    """Returns the condition's first true result.

    A failed assertion in the condition counts as false; the last one is raised after the timeout.
    """
    deadline = time.monotonic() + timeout
    while True:
        failure: AssertionError | None = None
        result: T | None = None
        try:
            outcome = condition()
            result = await outcome if inspect.isawaitable(outcome) else outcome
        except AssertionError as error:
            failure = error
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s; last result: {result!r}") from failure
        await asyncio.sleep(interval)
