"""Files that no row points at any more, on their way out of storage.

In this order: remove, then forget. Removing again what is gone is harmless, forgetting what is left would leak it.
"""

import asyncio
import logging
from typing import Any

from shared.database.client import CLEANUP_TIMEOUT_SECONDS, call
from shared.errors import StorageUnavailable
from shared.storage.factory import get_storage
from shared.storage.interface import Storage

BATCH = 100
MAX_SECONDS = 60.0
"""What one trigger spends on it; the next one goes on. Keeps a trigger within its caller's time limit."""

logger = logging.getLogger(__name__)


async def remove_garbage() -> int:
    """Remove the files of all garbage that is due, as far as time allows; return how many files went.

    What cannot be removed now stays for a later trigger, and holds up nothing else.
    """
    until = asyncio.get_running_loop().time() + MAX_SECONDS
    removed, last, size = 0, 0, BATCH
    while size == BATCH and asyncio.get_running_loop().time() < until:
        rows = await call(
            "list_storage_garbage",
            within_seconds=CLEANUP_TIMEOUT_SECONDS,
            limit=BATCH,
            after_id=last,
        )
        removed += await _remove_batch(rows, until)
        last, size = max((row["id"] for row in rows), default=last), len(rows)
    return removed


async def _remove_batch(rows: list[dict[str, Any]], until: float) -> int:
    storage, removed, done = get_storage(), 0, list[int]()
    try:
        for row in rows:
            if asyncio.get_running_loop().time() >= until:
                break
            try:
                removed += await _remove(storage, row["prefix"], set(row["keep_paths"]))
            except StorageUnavailable:
                logger.warning("files below %s stay for now", row["prefix"])
            else:
                done.append(row["id"])
    finally:
        if done:
            await call("forget_storage_garbage", ids=done)
    return removed


async def _remove(storage: Storage, prefix: str, keep: set[str]) -> int:
    """Remove what is below a prefix, or the one file that it names."""
    if prefix.endswith("/"):
        found = set(await storage.list(prefix))
    else:
        found = {prefix} if await storage.size(prefix) is not None else set[str]()
    await storage.delete(sorted(found - keep))
    return len(found - keep)
