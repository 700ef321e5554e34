"""The audit trail as typed values, in the order of commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

Row = Mapping[str, Any]

# The entries that were not visible yet at the last reading. A project's `seq` is drawn under its lease's row lock, so
# the visible entries are always the first in its order of commits, even while other projects have open transactions.
_QUERY: LiteralString = """
    select pg_current_snapshot()::text as snapshot, seq, txid::text as txid,
      extract(epoch from at)::float8 as at,
      extract(epoch from pg_xact_commit_timestamp(txid::xid))::float8 as committed_at,
      path, project_id, relation, operation, old, new
    from editai_audit.entries
    where seq > %(last)s - 20000 and not pg_visible_in_snapshot(txid, %(seen)s::pg_snapshot)
    order by seq
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change of one row. Times are the database's clock in seconds.

    `at` was read under the row's lock; no other transaction could see the change before `committed_at`.
    """

    seq: int
    txid: str
    at: float
    committed_at: float
    project_id: str
    relation: str
    operation: str
    old: Row | None
    new: Row | None
    path: str | None = None
    """The path of the HTTP request that made the change; see https://docs.postgrest.org/en/v12/references/transactions.html."""

    @property
    def function(self) -> str:
        """The SQL function that made the change, without its prefix; empty if unknown."""
        return (self.path or "").rpartition("/")[2].removeprefix("editai_")

    @property
    def row(self) -> Row:
        """The row after the change, or the removed row."""
        return self.new or self.old or {}


@dataclass(kw_only=True)
class AuditReader:
    """Returns each entry once."""

    url: str
    seen: str = "1:1:"
    last: int = 0

    def read(self) -> list[Entry]:
        """The entries committed since the last call. Raises psycopg.OperationalError."""
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            rows = cursor.execute(_QUERY, {"last": self.last, "seen": self.seen}).fetchall()
        for row in rows:
            self.seen = row.pop("snapshot")
            self.last = max(self.last, row["seq"])
        return [Entry(**row) for row in rows]


def seconds(moment: str) -> float:
    """A timestamp in a row's JSON, as seconds since 1970."""
    if moment == "-infinity":
        return float("-inf")
    return datetime.fromisoformat(moment).timestamp()
