"""The pace of a run: simulated work takes time, and clients and faults leave pauses between actions."""

import asyncio


async def pause(seconds: float) -> None:
    """Let time pass. To wait for an event, poll for its condition instead, as tests.support.waiting does."""
    await asyncio.sleep(max(0.0, seconds))
