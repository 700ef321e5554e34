"""Repeats a transfer that storage refused, so that a passing fault does not cost a job its attempt."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import StorageUnavailable
from shared.full_disks import disk_is_full

T = TypeVar("T")

logger = logging.getLogger(__name__)

PAUSES_SECONDS = (0.5, 2.0, 8.0, 20.0)
"""Before each repetition. A longer outage is left to the job's next attempt."""

LAST_START_SECONDS = 90.0
"""How long after the first try a repetition may start: a transfer that stalls takes a minute to fail."""


async def repeated(transfer: Callable[[], Awaitable[T]]) -> T:
    """The result of a transfer that is safe to repeat; raises StorageUnavailable if storage refuses it each time.

    A full disk is not storage's fault, and nothing is repeated.
    """
    now = asyncio.get_running_loop().time
    last_start_at = now() + LAST_START_SECONDS
    for pause in PAUSES_SECONDS:
        try:
            return await transfer()
        except StorageUnavailable as error:
            if disk_is_full(error) or now() + pause > last_start_at:
                raise
            logger.warning("storage is unavailable; the transfer is repeated in %s s", pause)
            await asyncio.sleep(pause)
    return await transfer()
