"""The end of a run: wait until every job and lease has ended, then make all garbage due and have it removed."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from local.parts.scheduler import trigger_cleanup
from tests.faults.pacing import pause
from tests.faults.rules.remains import remains
from tests.faults.stack.layout import CLEANUP_PERIOD_SECONDS, LEASE_TTL_SECONDS
from tests.faults.stack.stack import FaultStack

DRAIN_SECONDS = 90.0
LAST_LEASE_SECONDS = LEASE_TTL_SECONDS + 2 * CLEANUP_PERIOD_SECONDS
"""By then the last lease has been reclaimed, and a worker that lost one has stopped and given up its files."""
SETTLE_SECONDS = 5 * LAST_LEASE_SECONDS
"""A generous timeout: cleanup may be slow on a busy machine, too."""
COLLECT_SECONDS = 120.0
LOOK_SECONDS = 0.3

_ACTIVE: LiteralString = "select count(*) from editai_jobs where status in ('queued', 'running')"
_LAST: LiteralString = """
    select pg_catalog.format('%s in attempt %s%s, %s s after its start',
      status, attempt, ' with ' || (error ->> 'code'),
      round(extract(epoch from finished_at - created_at), 1))
    from editai_jobs where finished_at is not null order by finished_at desc limit 1
"""
_GARBAGE: LiteralString = "select count(*) from editai_storage_garbage"
_DUE = "update editai_storage_garbage set not_before = now() where not_before > now()"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Waits for the end of a run, and reports what is left."""

    stack: FaultStack

    async def drain(self) -> int:
        """Wait until every job has ended, up to the timeout. Returns how many have not."""
        deadline = time.monotonic() + DRAIN_SECONDS
        active = -1
        while active and time.monotonic() < deadline:
            await pause(LOOK_SECONDS)
            active = await asyncio.to_thread(self._count, _ACTIVE)
        return active

    def last_end(self) -> str:
        """How the last job to end has ended."""
        return str(self._value(_LAST))

    async def settle(self) -> Mapping[str, tuple[str, ...]]:
        """Wait until nothing is left behind. Returns what is still there at the timeout."""
        deadline = time.monotonic() + SETTLE_SECONDS
        await pause(LAST_LEASE_SECONDS)
        while left := await asyncio.to_thread(remains, self.stack.admin_url):
            if time.monotonic() > deadline:
                break
            await pause(LOOK_SECONDS)
        return left

    async def collect_garbage(self) -> int:
        """Make all garbage due and let lease_cleanup remove it. Returns how much is left at the timeout."""
        deadline = time.monotonic() + COLLECT_SECONDS
        url, secret = self.stack.url("lease_cleanup"), self.stack.keys.internal_secret
        while True:
            await asyncio.to_thread(self.stack.execute, _DUE)
            with suppress(OSError):
                await asyncio.to_thread(trigger_cleanup, url, secret)
            left = await asyncio.to_thread(self._count, _GARBAGE)
            if not left or time.monotonic() > deadline:
                return left

    def _count(self, query: LiteralString) -> int:
        return int(self._value(query))

    def _value(self, query: LiteralString) -> Any:
        with psycopg.connect(self.stack.admin_url, connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None
