"""How the heap behaves under heartbeats: whether updates are HOT, and how large the tables become.

Every project that a worker holds has one row in editai_locks and one in editai_generation_progress. Both are written
once a second for hours. The benchmark repeats that for many fillfactors in less time: a round is one heartbeat of every
project, and a VACUUM replaces autovacuum, every 60 rounds and by autovacuum's own rule. A reader, where one is set,
holds one snapshot during the whole run, as a dump or a stuck client does; no newer row version can be removed then.

    python -m bench.heap [--quick]
"""

import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from bench.stack import scratch_stack

Connection = psycopg.Connection[dict[str, int]]

TABLES = ("editai_locks", "editai_generation_progress")
FILLFACTORS = (100, 90, 70, 50, 30)
ROUNDS = {1: 3600, 100: 600, 2000: 120}
"""Number of rounds, by number of projects."""

WORKERS = 4
"""Concurrent connections that send heartbeats, each for its own projects."""

ROUNDS_PER_VACUUM = 60
"""One minute, as autovacuum_naptime."""

# The defaults of autovacuum_vacuum_threshold and autovacuum_vacuum_scale_factor.
VACUUM_THRESHOLD, VACUUM_SCALE = 50, 0.2

HEARTBEATS = """
do $$
declare
  v_lease record;
begin
  for i in 1..{rounds} loop
    for v_lease in
      select l.project_id, l.lease_id, l.fencing_token from public.editai_locks l
      where abs(hashtext(l.project_id)) % {workers} = {worker}
    loop
      perform public.editai_heartbeat(
        v_lease.project_id, null, v_lease.lease_id, v_lease.fencing_token, 60, (i % 100),
        'Encoding clip ' || i % 10 + 1 || ' of 10', nullif(600 - i % 600, 600));
      commit;
    end loop;
  end loop;
end
$$
"""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One configuration to measure."""

    projects: int
    fillfactor: int
    vacuum: bool = True
    reader: bool = False
    expiry_index: bool = False


@dataclass(frozen=True, kw_only=True)
class TableState:
    """The state of one table after the updates."""

    hot_percent: float
    size_kb: int
    dead_rows: int


def main(arguments: list[str]) -> None:
    """Measures every configuration and prints a line for each."""
    quick = "--quick" in arguments
    with scratch_stack(functions=False) as stack:
        print(HEADER)
        for setting in _settings(quick=quick):
            rounds = ROUNDS[setting.projects] // (10 if quick else 1)
            print(measure(stack.db_url, setting, rounds), flush=True)


HEADER = """
                                               |        editai_locks        | editai_generation_progress |
projects fillfactor vacuum reader expiry-index |  HOT %  size kB  dead rows |  HOT %  size kB  dead rows | WAL bytes
""".strip("\n")


def _settings(*, quick: bool) -> Iterator[Setting]:
    for projects in ROUNDS:
        for reader, vacuum, fillfactor in product((False, True), (True, False), FILLFACTORS):
            if not quick or fillfactor in (100, 50):
                yield Setting(
                    projects=projects, fillfactor=fillfactor, vacuum=vacuum, reader=reader
                )
        yield Setting(projects=projects, fillfactor=50, expiry_index=True)


def measure(url: str, setting: Setting, rounds: int) -> str:
    """Runs the heartbeats of one configuration and returns its line of figures."""
    with Connection.connect(url, autocommit=True, row_factory=dict_row) as connection:
        _prepare(connection, url, setting)
        before, wal = {t: _statistics(connection, t) for t in TABLES}, _wal(connection)
        with _snapshot(url, held=setting.reader):
            for first in range(0, rounds, ROUNDS_PER_VACUUM):
                _beat(url, min(ROUNDS_PER_VACUUM, rounds - first))
                if setting.vacuum:
                    _vacuum_if_due(connection)
            states = [_state(connection, table, before[table]) for table in TABLES]
        wal_bytes = (_wal(connection) - wal) / (rounds * setting.projects)
    return _line(setting, states, wal_bytes)


def _prepare(connection: Connection, url: str, setting: Setting) -> None:
    for table in TABLES:
        alter = sql.SQL("alter table public.{} set (fillfactor = {}, autovacuum_enabled = false)")
        connection.execute(alter.format(sql.Identifier(table), sql.Literal(setting.fillfactor)))
    connection.execute("drop index if exists public.expiry_index")
    connection.execute("truncate public.editai_projects, public.editai_locks cascade")
    values = {"n": setting.projects}
    connection.execute(
        "insert into public.editai_projects (id, owner_id, name)"
        " select gen_random_uuid(), gen_random_uuid(), 'x' from generate_series(1, %(n)s)",
        values,
    )
    connection.execute(
        "insert into public.editai_locks (project_id, lease_id, holder, fencing_token, job_id,"
        " acquired_at, expires_at, deadline_at)"
        " select id, gen_random_uuid(), 'worker worker-7d4b9c6f5-x2x9z 12', 1, gen_random_uuid(),"
        " now(), now() + interval '1 day', now() + interval '1 day' from public.editai_projects"
    )
    if setting.expiry_index:
        connection.execute("create index expiry_index on public.editai_locks (expires_at)")
    _beat(url, 1)
    for table in TABLES:
        connection.execute(sql.SQL("vacuum analyze public.{}").format(sql.Identifier(table)))


def _beat(url: str, rounds: int) -> None:
    """Sends the heartbeats of all projects for a number of rounds."""
    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(partial(_beat_share, url, rounds), range(WORKERS)))


def _beat_share(url: str, rounds: int, worker: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # Waiting for the disk at each commit would only slow the run; it does not change what is measured.
        connection.execute("set synchronous_commit = off")
        heartbeats = HEARTBEATS.format(rounds=rounds, workers=WORKERS, worker=worker)
        connection.execute(heartbeats.encode())


@contextmanager
def _snapshot(url: str, *, held: bool) -> Generator[None]:
    if not held:
        yield
        return
    with psycopg.connect(url, autocommit=True) as reader:
        reader.execute("begin isolation level repeatable read")
        reader.execute("select count(*) from public.editai_locks")
        yield


def _vacuum_if_due(connection: Connection) -> None:
    for table in TABLES:
        row = _statistics(connection, table)
        if row["dead"] > VACUUM_THRESHOLD + VACUUM_SCALE * row["live"]:
            connection.execute(sql.SQL("vacuum public.{}").format(sql.Identifier(table)))


def _state(connection: Connection, table: str, before: dict[str, int]) -> TableState:
    after = _statistics(connection, table)
    updated = after["updated"] - before["updated"]
    hot = after["hot"] - before["hot"]
    return TableState(
        hot_percent=100 * hot / updated, size_kb=after["size"] // 1024, dead_rows=after["dead"]
    )


def _statistics(connection: Connection, table: str) -> dict[str, int]:
    connection.execute("select pg_stat_force_next_flush()")
    return _one(
        connection,
        "select n_tup_upd as updated, n_tup_hot_upd as hot, n_dead_tup as dead, n_live_tup as live,"
        " pg_relation_size(relid) as size from pg_stat_user_tables where relname = %s",
        [table],
    )


def _wal(connection: Connection) -> int:
    query: LiteralString = "select (pg_current_wal_insert_lsn() - '0/0')::bigint as position"
    return _one(connection, query)["position"]


def _one(
    connection: Connection, query: LiteralString, values: Sequence[str] = ()
) -> dict[str, int]:
    row = connection.execute(query, values).fetchone()
    if row is None:
        raise LookupError(query)
    return row


def _line(setting: Setting, states: list[TableState], wal_bytes: float) -> str:
    yes = {True: "yes", False: "-"}
    name = (
        f"{setting.projects:>8} {setting.fillfactor:>10} {yes[setting.vacuum]:>6}"
        f" {yes[setting.reader]:>6} {yes[setting.expiry_index]:>12} |"
    )
    parts = [f"{s.hot_percent:>6.1f} {s.size_kb:>8} {s.dead_rows:>10} |" for s in states]
    return " ".join([name, *parts]) + f" {wal_bytes:>9.0f}"


if __name__ == "__main__":
    main(sys.argv[1:])
