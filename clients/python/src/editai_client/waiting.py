"""The calls that wait for something else than the network, in both forms."""

import asyncio
import time
from typing import BinaryIO


async def async_sleep(seconds: float) -> None:
    """Wait, and let other tasks run."""
    await asyncio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def async_read(file: BinaryIO, size: int) -> bytes:
    """Read from a file, and let other tasks run."""
    return await asyncio.to_thread(file.read, size)


def read(file: BinaryIO, size: int) -> bytes:
    """Read from a file."""
    return file.read(size)
