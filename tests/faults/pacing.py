"""The pace of a run: work that takes time, and clients and faults that come one after another."""

import asyncio


async def pause(seconds: float) -> None:
    """Let time pass. Nobody waits for an event this way; see tests.support.waiting for that."""
    await asyncio.sleep(max(0.0, seconds))
