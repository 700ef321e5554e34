"""Two transactions on the same rows: one waits for the other, and the test sees that it does.

with race.other.connection.transaction():
    race.other.heartbeat(lease)                               # holds the row lock
    claim = await race.waiting(lambda: race.live.claim_job(job_id))
    race.clock.advance(TTL)                                   # while it waits
assert (await claim).outcome == ...
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.sql.client import SqlClient
from tests.support.database import Clock, Connection
from tests.support.waiting import eventually

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Race:
    """Two clients on connections of their own, whose time the clock moves for both."""

    admin: Connection
    clock: Clock
    live: SqlClient
    other: SqlClient

    async def waiting(self, call: Callable[[], T]) -> "asyncio.Task[T]":
        """Starts a call on `live` and returns its task once it waits for another's lock."""
        task = asyncio.create_task(asyncio.to_thread(call))
        await eventually(lambda: task.done() or self._waits())
        assert not task.done(), f"it did not wait for a lock: {task}"
        return task

    def _waits(self) -> bool:
        query = "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = %s"
        pid = self.live.connection.info.backend_pid
        row = self.admin.execute(query, [pid]).fetchone()
        assert row is not None
        return bool(row["waits"])
