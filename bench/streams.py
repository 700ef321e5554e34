"""Event streams of progress: what a thousand of them cost, and what they miss when the library is killed.

    python -m bench.streams [--projects 50] [--streams 20] [--seconds 10]

Each project has a job that writes progress once a second. In the middle the library is killed by SIGKILL; while it is
away, every job ends, and half of the projects start another one. A client resumes with the id of its last event.
"""

import argparse
import asyncio
import os
import signal
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import uuid4

import jwt
import psycopg
import uvloop
from psycopg import conninfo
from psycopg.rows import DictRow, dict_row

from bench.growth_statements import CLAIM, FINISH, HEARTBEAT, START
from bench.processes import cpu_seconds, process_tree
from bench.reader import Reader
from bench.stack import StackInfo, scratch_stack

Connection = psycopg.AsyncConnection[DictRow]

ASKED = "select coalesce(sum(calls), 0) as calls from pg_stat_user_functions where funcname = 'editai_read_progress_of'"
NEW_PROJECT = "select (editai_create_project(%(owner)s, 'Own', %(project)s)).id"
FLUSH_SECONDS = 12
"""Postgres reports the calls of an idle session after ten seconds."""


@dataclass(kw_only=True)
class Work:
    """A project, its owner's token and its running job."""

    project: str
    owner: str
    token: str
    job: str
    values: dict[str, object]

    @classmethod
    async def started(cls, connection: Connection, stack: StackInfo, number: int) -> "Work":
        """Create the project, and start and claim its job."""
        owner, job = str(uuid4()), str(uuid4())
        values: dict[str, object] = {
            "project": f"bench-{number}",
            "owner": owner,
            "job": job,
            "percentage": 0,
            "dispatch": str(uuid4()),
            "lease": str(uuid4()),
        }
        await connection.execute(NEW_PROJECT, values)
        await connection.execute(START, values)
        values["token"] = await _value(connection, CLAIM, values)
        token = jwt.encode(
            {
                "iss": stack.jwt_issuer,
                "aud": "authenticated",
                "role": "authenticated",
                "sub": owner,
                "exp": time.time() + 3600,
            },
            stack.jwt_secret,
        )
        return cls(project=str(values["project"]), owner=owner, token=token, job=job, values=values)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams")
    parser.add_argument("--projects", type=int, default=50)
    parser.add_argument("--streams", type=int, default=20, help="of each project")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args(arguments)
    with scratch_stack(functions=True) as stack:
        uvloop.run(_measure(stack, options.projects, options.streams, options.seconds))


async def _measure(stack: StackInfo, projects: int, streams: int, seconds: int) -> None:
    superuser = conninfo.make_conninfo(
        stack.db_url, user="supabase_admin", password=stack.admin_password
    )
    connection = await Connection.connect(superuser, autocommit=True, row_factory=dict_row)
    async with connection:
        await connection.execute("alter system set track_functions = 'all'")
        await connection.execute("select pg_reload_conf()")
        works = [await Work.started(connection, stack, number) for number in range(projects)]
        pid = stack.pids["library"]
        readers = [
            Reader(url=stack.library_url, project=work.project, token=work.token)
            for work in works
            for _ in range(streams)
        ]
        warm = Reader(url=stack.library_url, project=works[0].project, token=works[0].token)
        await _run([warm], until=lambda reader: reader.events > 0)
        before = _memory_kb(pid)
        tasks = [asyncio.create_task(reader.follow()) for reader in readers]
        await _until(lambda: all(reader.events for reader in readers))
        print(f"{len(readers)} streams of {projects} projects are open")
        print(f"memory: {(_memory_kb(pid) - before) / len(readers):.1f} kB a stream")
        await _steady(connection, works, readers, pid, seconds)
        await _killed(connection, works, readers, pid)
        await asyncio.gather(*tasks)
        await _report_ends(works, readers, streams)
        await _quiet(connection)


async def _run(readers: Sequence[Reader], until: Callable[[Reader], bool]) -> None:
    tasks = [asyncio.create_task(reader.follow()) for reader in readers]
    await _until(lambda: all(until(reader) for reader in readers))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _steady(
    connection: Connection, works: list[Work], readers: list[Reader], pid: int, seconds: int
) -> None:
    """Progress once a second; the questions, the CPU time, and how late the events are."""
    await asyncio.sleep(FLUSH_SECONDS)
    for reader in readers:
        reader.delays.clear()
    asked, cpu, started_at = await _asked(connection), cpu_seconds(pid), time.monotonic()
    for percentage in range(1, seconds + 1):
        for work in works:
            await connection.execute(HEARTBEAT, work.values | {"percentage": percentage})
        written_at = time.time()
        for reader in readers:
            reader.written_at = written_at
        await asyncio.sleep(max(0.0, started_at + percentage - time.monotonic()))
    passed, used = time.monotonic() - started_at, cpu_seconds(pid) - cpu
    await asyncio.sleep(FLUSH_SECONDS)
    questions = (await _asked(connection) - asked) / (passed + FLUSH_SECONDS)
    delays = [delay for reader in readers for delay in reader.delays]
    print(f"questions to the database: {questions:.2f} a second")
    print(f"events: {len(delays) / passed:.0f} a second, for {used / passed * 100:.0f} % of a core")
    print(
        f"an event is {statistics.median(delays):.2f} s late, at most {max(delays):.2f} s"
        if delays
        else "no event came"
    )


async def _killed(
    connection: Connection, works: list[Work], readers: list[Reader], pid: int
) -> None:
    """Kill the library; end every job, and start another one on half of the projects, while it is away."""
    asked = await _asked(connection)
    os.killpg(pid, signal.SIGKILL)
    killed_at = time.monotonic()
    for work in works:
        await connection.execute(FINISH, work.values)
    for work in works[::2]:
        again = {"job": str(uuid4()), "dispatch": str(uuid4())}
        await connection.execute(START, work.values | again)
    await _until(lambda: all(reader.ended for reader in readers))
    print(f"killed: all streams have ended {time.monotonic() - killed_at:.1f} s later,", end=" ")
    print(f"after {sum(reader.refused for reader in readers)} refused connections", end=" ")
    await asyncio.sleep(FLUSH_SECONDS)
    print(f"and {await _asked(connection) - asked} questions")


async def _report_ends(works: list[Work], readers: list[Reader], streams: int) -> None:
    jobs = [work.job for work in works for _ in range(streams)]
    right = sum(
        reader.end == {"id": job, "status": "completed"}
        for reader, job in zip(readers, jobs, strict=True)
    )
    print(f"{right} of {len(readers)} were told that their own job has completed")


async def _quiet(connection: Connection) -> None:
    await asyncio.sleep(FLUSH_SECONDS)
    asked = await _asked(connection)
    await asyncio.sleep(FLUSH_SECONDS)
    print(f"without a stream: {await _asked(connection) - asked} questions in {FLUSH_SECONDS} s")


async def _asked(connection: Connection) -> int:
    return int(await _value(connection, ASKED))


async def _value(connection: Connection, query: LiteralString, values: object = None) -> Any:
    row = await (await connection.execute(query, cast("Any", values))).fetchone()
    return next(iter(row.values())) if row else None


async def _until(condition: Callable[[], bool], timeout: float = 120) -> None:  # noqa: ASYNC109
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110 - set by many tasks
            await asyncio.sleep(0.05)


def _memory_kb(pid: int) -> int:
    """What the library's processes hold for themselves alone."""
    lines = (
        line
        for member in process_tree(pid)
        for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
    )
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


if __name__ == "__main__":
    main()
