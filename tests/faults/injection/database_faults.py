"""Faults inside the database: commits that come late, rows that someone else holds."""

import asyncio
import time
from dataclasses import dataclass

import psycopg

from tests.faults.pacing import pause
from tests.faults.stack.stack import FaultStack

SLOW_SECONDS = 1.5
RETRY_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class DatabaseFaults:
    """Raise psycopg.Error when the database goes away meanwhile."""

    stack: FaultStack

    async def slow_commits(self) -> None:
        """For a while, and until it is certain that they are swift again: Postgres may be down when they are to be."""
        try:
            self.stack.execute("update editai_audit.slowness set probability = 0.3, seconds = 1.6")
            await pause(SLOW_SECONDS)
        finally:
            await self.commit_swiftly()

    async def commit_swiftly(self) -> None:
        """Take the slowness back. Raises psycopg.OperationalError when the database stays away."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
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
        """Someone holds the rows of live leases for about as long as a call waits, and changes nothing."""
        await asyncio.to_thread(self._hold_rows, seconds)

    def _hold_rows(self, seconds: float) -> None:
        with psycopg.connect(self.stack.admin_url, connect_timeout=5) as connection:
            connection.execute(
                "select 1 from editai_locks where expires_at > now() limit 15 for update skip locked"
            )
            connection.execute("select pg_sleep(%s)", [seconds])
            connection.rollback()
