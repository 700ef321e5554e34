"""Removes stored files that no row refers to any more.

Each file is removed first and its garbage row is forgotten second. Removing a file twice is harmless, but forgetting a
file that still exists would leak it.
"""

import asyncio
import logging
from collections import Counter

from pydantic import BaseModel

from shared.answers import ANYTHING
from shared.database.client import CLEANUP_TIMEOUT_SECONDS, call
from shared.errors import StorageUnavailable
from shared.storage.factory import get_storage
from shared.storage.interface import Storage

BATCH = 100
MAX_SECONDS = 60.0
"""Time limit of one trigger, to stay within its caller's timeout; the next trigger continues."""

logger = logging.getLogger(__name__)


class Garbage(BaseModel):
    """Files without a row: those below a prefix, except the paths to keep."""

    id: int
    prefix: str
    keep_paths: list[str]


async def remove_garbage(counts: Counter[str]) -> None:
    """Remove abandoned uploads, and the files of all garbage that is due, as far as time allows.

    Their number is added to `files_removed`.

    A file that cannot be removed now is left for a later trigger and does not block the others. If the reason is not
    that storage is unavailable, it counts as `faulty`.
    """
    deadline = asyncio.get_running_loop().time() + MAX_SECONDS
    await _remove_abandoned_uploads(counts)
    last, size = 0, BATCH
    while size == BATCH and asyncio.get_running_loop().time() < deadline:
        rows = await call(
            "list_storage_garbage",
            list[Garbage],
            repeatable=True,
            timeout_seconds=CLEANUP_TIMEOUT_SECONDS,
            limit=BATCH,
            after_id=last,
        )
        await _remove_batch(rows, deadline, counts)
        last, size = max((row.id for row in rows), default=last), len(rows)


async def _remove_abandoned_uploads(counts: Counter[str]) -> None:
    try:
        counts["files_removed"] += await get_storage().remove_abandoned_uploads()
    except StorageUnavailable:
        logger.warning("abandoned uploads could not be removed yet")


async def _remove_batch(rows: list[Garbage], deadline: float, counts: Counter[str]) -> None:
    storage, done = get_storage(), list[int]()
    try:
        for row in rows:
            if asyncio.get_running_loop().time() >= deadline:
                break
            try:
                files = await _remove(storage, row.prefix, set(row.keep_paths))
            except StorageUnavailable:
                logger.warning("files below %s could not be removed yet", row.prefix)
            except Exception:
                logger.exception("files below %s could not be removed", row.prefix)
                counts["faulty"] += 1
            else:
                counts["files_removed"] += files
                done.append(row.id)
    finally:
        if done:
            await call("forget_storage_garbage", ANYTHING, repeatable=True, ids=done)


async def _remove(storage: Storage, prefix: str, keep: set[str]) -> int:
    """Remove the files under a prefix, or the single file that it names, except those to keep."""
    if prefix.endswith("/"):
        found = set(await storage.list(prefix))
    else:
        found = {prefix} if await storage.size(prefix) is not None else set[str]()
    await storage.delete(sorted(found - keep))
    return len(found - keep)
