"""Connections to the test process's database under any role, a moved clock, and a fresh state."""

import json
import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from tests.support.backend import Backend

Connection = psycopg.Connection[DictRow]
AsyncConnection = psycopg.AsyncConnection[DictRow]

# Tables whose rows a migration inserts. Every test needs them.
SEEDED = ("editai_export_presets",)


@dataclass(frozen=True, kw_only=True)
class Database:
    """Opens connections for one test and closes them after it. All are in autocommit mode."""

    url: str
    admin_url: str
    _closing: ExitStack = field(default_factory=ExitStack)
    _closing_async: AsyncExitStack = field(default_factory=AsyncExitStack)

    @classmethod
    def of(cls, backend: Backend) -> "Database":
        """The database of a test process."""
        server, name = backend.server, backend.database
        return cls(
            url=server.url(database=name),
            admin_url=server.url(user="supabase_admin", database=name),
        )

    def connect(self, role: str = "service_role", *, user_id: str | None = None) -> Connection:
        """A new connection under a role; `supabase_admin` is the superuser.

        With a user id, the role sees the claims that the API would set.
        """
        connection = Connection.connect(self._url(role), autocommit=True, row_factory=dict_row)
        self._closing.enter_context(connection)
        for statement, values in _preparation(role, user_id):
            connection.execute(statement, values)
        return connection

    async def connect_async(
        self, role: str = "service_role", *, user_id: str | None = None
    ) -> AsyncConnection:
        """Like connect, for tests whose connections wait for each other."""
        connection = await AsyncConnection.connect(
            self._url(role), autocommit=True, row_factory=dict_row
        )
        await self._closing_async.enter_async_context(connection)
        for statement, values in _preparation(role, user_id):
            await connection.execute(statement, values)
        return connection

    async def close(self) -> None:
        """Closes the test's connections."""
        self._closing.close()
        await self._closing_async.aclose()

    def _url(self, role: str) -> str:
        return self.admin_url if role == "supabase_admin" else self.url


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The database's clock, which measures all leases. It is reset to the real time before each test."""

    connection: Connection

    def now(self) -> datetime:
        """The time as the SQL functions see it."""
        row = self.connection.execute("select public.editai_clock() as now").fetchone()
        assert row is not None
        return row["now"]

    def advance(self, seconds: float) -> None:
        """Moves time for every connection and every process of the backend."""
        change = "update editai_test.clock set moved_by = moved_by + %s"
        self.connection.execute(change, [timedelta(seconds=seconds)])

    def freeze(self, connection: Connection, moment: datetime) -> None:
        """Stops time at a moment for one connection."""
        connection.execute("select set_config('editai.now', %s, false)", [moment.isoformat()])

    @staticmethod
    def header(moment: datetime) -> dict[str, str]:
        """A request's header that stops time at a moment for that request."""
        return {"x-editai-clock": moment.isoformat()}


def reset(backend: Backend, connection: Connection) -> None:
    """Empties the editai tables except the seeded ones, resets the clock and removes stored files.

    Sequences are not reset: a fencing token is never issued twice, in tests as in production. Most tables are empty
    already, and to look is a hundred times as fast as `truncate`, which makes new files for each table and index.
    """
    query = "select tablename from pg_tables where schemaname = 'public' and tablename like 'editai\\_%'"
    names = [
        row["tablename"] for row in connection.execute(query) if row["tablename"] not in SEEDED
    ]
    with connection.transaction():
        connection.execute("set local lock_timeout = '10s'")
        # No triggers, so no foreign keys either: every table is emptied.
        connection.execute("set local session_replication_role = 'replica'")
        for name in names:
            table = sql.Identifier("public", name)
            connection.execute(sql.SQL("delete from {}").format(table))
    connection.execute("update editai_test.clock set moved_by = '0' where moved_by <> '0'")
    for entry in backend.storage.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _preparation(role: str, user_id: str | None) -> list[tuple[sql.SQL | sql.Composed, list[Any]]]:
    if role in ("supabase_admin", "postgres"):
        return []
    claims: Mapping[str, str] = {"role": role} | ({"sub": user_id} if user_id else {})
    return [
        (sql.SQL("select set_config('request.jwt.claims', %s, false)"), [json.dumps(claims)]),
        (sql.SQL("set role {}").format(sql.Identifier(role)), []),
    ]
