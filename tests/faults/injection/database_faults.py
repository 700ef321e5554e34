"""Faults inside the database: slow commits, and rows locked by another transaction."""

import asyncio
import time
from dataclasses import dataclass

import psycopg

from tests.faults.pacing import pause
from tests.faults.stack.stack import FaultStack

SLOW_SECONDS = 1.5
RETRY_SECONDS = 0.2
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class DatabaseFaults:
    """These raise psycopg.Error if the database goes away meanwhile."""

    stack: FaultStack

    async def slow_commits(self) -> None:
        """Slow commits down for a while. Returns only when they are fast again: Postgres may be down just then."""
        try:
            self.stack.execute("update editai_audit.slowness set probability = 0.3, seconds = 1.6")
            await pause(SLOW_SECONDS)
        finally:
            await self.end_slow_commits()

    async def end_slow_commits(self) -> None:
        """Make commits fast again, with retries. Raises psycopg.OperationalError if the database stays away."""
        give_up_at = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self.stack.execute("update editai_audit.slowness set probability = 0")
            except psycopg.OperationalError:
                if time.monotonic() > give_up_at:
                    raise
                await pause(RETRY_SECONDS)
            else:
                return

    async def lock_rows(self, seconds: float) -> None:
        """Lock the rows of live leases for about as long as a call waits for a lock, without changing them."""
        await asyncio.to_thread(self._hold_rows, seconds)

    def _hold_rows(self, seconds: float) -> None:
        with psycopg.connect(self.stack.admin_url, connect_timeout=5) as connection:
            connection.execute(
                "select 1 from editai_locks where expires_at > now() limit 15 for update skip locked"
            )
            connection.execute("select pg_sleep(%s)", [seconds])
            connection.rollback()
