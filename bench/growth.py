"""What calls cost when others have many rows: 1,000 a table in one database, 1,000,000 in the other.

The caller's own rows are the same in both: a project with 20 sources and 20 clips. So is the number of running jobs,
which the number of workers limits. The databases are measured in turns, call by call, so that other load on the
machine changes both alike. Prints the medians, their ratio, and how many of the heartbeats' updates were HOT.

    python -m bench growth [--quick]
"""

import statistics
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row

from bench.growth_statements import (
    CLAIM,
    FINISH,
    HEARTBEAT,
    OF_OTHERS,
    OF_RUNNING_JOBS,
    OWN,
    READS,
    START,
    USER_READS,
)
from bench.stack import scratch_stack

Connection = psycopg.Connection[dict[str, Any]]

SIZES = (1_000, 1_000_000)
QUICK_SIZES = (100, 10_000)
ROUNDS = 200
RUNNING = 100
"""Jobs of others that run."""

OWNER = UUID(int=7)
OWN_ROWS = 20


class Database:
    """One database: its own rows, those of others, and the seconds that each call took."""

    def __init__(self, url: str) -> None:
        """Connects as the tables' owner, as the service role and as a user."""
        self.admin = _connect(url)
        self.service, self.user = _connect(url), _connect(url)
        self.service.execute("set role service_role")
        claims = f'{{"role": "authenticated", "sub": "{OWNER}"}}'
        self.user.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        self.user.execute("set role authenticated")
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.own: dict[str, Any] = {
            "project": "own",
            "owner": OWNER,
            "clip": uuid4(),
            "job": uuid4(),
        }

    def fill(self, size: int) -> None:
        """Adds the own rows and those of others."""
        values = self.own | {"n": OWN_ROWS}
        for statement in OWN:
            self.admin.execute(statement, values)
        for statement in OF_OTHERS.values():
            self.admin.execute(statement.format(n=size).encode())
        self.admin.execute(OF_RUNNING_JOBS.format(n=RUNNING).encode())
        self.admin.execute("vacuum analyze")

    def read(self, name: str) -> None:
        """Runs one of the reads."""
        if name in READS:
            self._timed(name, self.service, READS[name])
        else:
            self._timed(name, self.user, USER_READS[name])

    def run_job(self) -> None:
        """Starts a job and brings it to its end, as library and worker do."""
        self.own |= {"job": uuid4(), "lease": uuid4(), "dispatch": uuid4()}
        self._timed("start", self.service, START)
        row = self._timed("claim", self.service, CLAIM)
        self.own["token"] = row["fencing_token"]
        for percentage in range(1, 11):
            self.own["percentage"] = percentage
            self._timed("heartbeat", self.service, HEARTBEAT)
        self._timed("finish", self.service, FINISH)

    def hot_percent(self, table: str) -> float:
        """How many of a table's updates were HOT."""
        self.service.execute("select pg_stat_force_next_flush()")
        row = self.admin.execute(
            "select 100.0 * n_tup_hot_upd / n_tup_upd as hot from pg_stat_user_tables where relname = %s",
            [table],
        ).fetchone()
        return float(row["hot"]) if row else 0.0

    def _timed(self, name: str, connection: Connection, statement: LiteralString) -> Any:
        started = time.perf_counter()
        rows = connection.execute(statement, self.own).fetchall()
        self.seconds[name].append(time.perf_counter() - started)
        return rows[0] if rows else None


def _connect(url: str) -> Connection:
    connection = Connection.connect(url, autocommit=True, row_factory=dict_row)
    # Waiting for the disk at each commit would hide what is measured.
    connection.execute("set synchronous_commit = off")
    return connection


def main(arguments: list[str]) -> None:
    """Fills both databases, measures them in turns and prints a line for each call."""
    quick = "--quick" in arguments
    sizes = QUICK_SIZES if quick else SIZES
    with ExitStack() as stack:
        databases = [
            Database(stack.enter_context(scratch_stack(functions=False)).db_url) for _ in sizes
        ]
        for database, size in zip(databases, sizes, strict=True):
            database.fill(size)
        for number in range(ROUNDS // (10 if quick else 1)):
            _measure(databases if number % 2 else databases[::-1])
        _print(databases, sizes)


def _measure(databases: list[Database]) -> None:
    for name in (*READS, *USER_READS):
        for database in databases:
            database.read(name)
    for database in databases:
        database.run_job()


def _print(databases: list[Database], sizes: tuple[int, int]) -> None:
    print(
        f"{'median ms, by rows of others':<30}"
        + "".join(f"{size:>12,}" for size in sizes)
        + f"{'ratio':>8}"
    )
    small, large = databases
    for name in ("start", "claim", "heartbeat", "finish", *READS, *USER_READS):
        few, many = (1000 * statistics.median(d.seconds[name]) for d in (small, large))
        print(f"{name:<30}{few:>12.3f}{many:>12.3f}{many / few:>8.2f}")
    for table in ("editai_locks", "editai_generation_progress"):
        few, many = (database.hot_percent(table) for database in databases)
        print(f"{'HOT %, ' + table:<30}"[:42] + f"{few:>12.1f}{many:>12.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
