"""Repeats a transfer that storage refused, so that one passing fault does not cost a job its attempt."""

import logging
from asyncio import sleep
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import StorageUnavailable

T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES_SECONDS = (0.5, 2.0)
"""Before each repetition. A longer outage is left to the job's next attempt."""


async def repeated(transfer: Callable[[], Awaitable[T]]) -> T:
    """The result of a transfer that is safe to repeat; raises StorageUnavailable if storage refuses it each time."""
    for pause in PAUSES_SECONDS:
        try:
            return await transfer()
        except StorageUnavailable:
            logger.warning("storage is unavailable; the transfer is repeated in %s s", pause)
            await sleep(pause)
    return await transfer()
