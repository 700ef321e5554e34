"""What an owner may take before a job exists: starts and probes a minute, projects, pending sources."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.jobs.lifecycle import JobStart
from tests.sql.client import SqlClient
from tests.sql.values import Rows

OWNER, STRANGER = UUID(int=7), UUID(int=8)
A_MINUTE = 3


def start(sql: SqlClient, owner: UUID = OWNER, **changes: Any) -> JobStart:
    """Start a job of an owner on a new project."""
    project = sql.create_project(owner_id=owner).id
    return sql.start_job(
        project, **{"owner_id": owner, "max_starts_per_minute": A_MINUTE} | changes
    )


def rates(answers: list[JobStart]) -> list[tuple[str, int, float]]:
    return [
        (a.outcome, a.rate.remaining, a.rate.wait_seconds) if a.rate else (a.outcome, -1, -1.0)
        for a in answers
    ]


def test_starts_are_limited_a_minute_and_allowed_again_one_by_one(
    sql: SqlClient, rows: Rows
) -> None:
    assert rates([start(sql) for _ in range(A_MINUTE)]) == [
        ("started", 2, 0),
        ("started", 1, 0),
        ("started", 0, 0),
    ]
    for seconds, wait in ((0, 20), (15, 5)):
        assert rates([start(sql.at(seconds))]) == [("too_many_starts", 0, wait)]
    assert len(rows("jobs")) == len(rows("locks")) == A_MINUTE
    assert rates([start(sql.at(20)), start(sql)]) == [
        ("started", 0, 0),
        ("too_many_starts", 0, 20),
    ]
    assert rates([start(sql.at(200)) for _ in range(A_MINUTE + 1)])[-2:] == [
        ("started", 0, 0),
        ("too_many_starts", 0, 20),
    ]


def test_a_check_tells_the_same_and_counts_nothing(sql: SqlClient, rows: Rows) -> None:
    project = sql.create_project(owner_id=OWNER).id
    limits: dict[str, Any] = {"max_starts_per_minute": A_MINUTE, "max_probes_per_minute": A_MINUTE}
    for _ in range(A_MINUTE + 1):
        check = sql.check_project(project, owner_id=OWNER, **limits)
        assert rates([check]) == [("free", A_MINUTE, 0)]
    assert rows("rates") == []
    for _ in range(A_MINUTE):
        sql.announce_upload(project, f"{project}/sources/x", owner_id=OWNER, limit=A_MINUTE)
    check = sql.check_project(project, owner_id=OWNER, **limits)
    assert rates([check]) == [("too_many_probes", 0, 20)]
    assert sql.check_project(project, owner_id=OWNER, max_starts_per_minute=1).outcome == "free"


def test_neither_another_owner_nor_the_service_is_limited_by_it(sql: SqlClient) -> None:
    for _ in range(A_MINUTE):
        start(sql)
    assert start(sql, STRANGER).outcome == "started"
    assert start(sql, owner_id=None).outcome == "started"
    assert start(sql, max_starts_per_minute=None).outcome == "started"
    assert start(sql).outcome == "too_many_starts"


def test_a_clock_that_goes_back_costs_a_minute_at_most(sql: SqlClient) -> None:
    sql.at(7200)
    for _ in range(A_MINUTE):
        start(sql)
    assert rates([start(sql.at(0))]) == [("too_many_starts", 0, 20)]
    assert start(sql.at(7)).outcome == "too_many_starts"


async def test_of_many_starts_at_once_only_the_limit_starts(
    new_client: Callable[[], SqlClient], rows: Rows
) -> None:
    clients = [new_client() for _ in range(10)]
    projects = [clients[0].create_project(owner_id=OWNER).id for _ in clients]

    def begin(sql: SqlClient, project: str) -> str:
        limits: dict[str, Any] = {"max_starts_per_minute": A_MINUTE}
        return sql.start_job(project, owner_id=OWNER, **limits).outcome

    outcomes = await asyncio.gather(
        *(asyncio.to_thread(begin, *each) for each in zip(clients, projects, strict=True))
    )
    assert sorted(outcomes) == ["started"] * A_MINUTE + ["too_many_starts"] * 7
    assert len(rows("jobs")) == A_MINUTE


async def test_projects_and_pending_sources_are_counted_without_a_race(
    new_client: Callable[[], SqlClient], rows: Rows
) -> None:
    clients = [new_client() for _ in range(6)]

    def create(sql: SqlClient) -> Any:
        return sql.one("create_project", owner_id=OWNER, name="x", max_projects=2)

    created = await asyncio.gather(*(asyncio.to_thread(create, sql) for sql in clients))
    ids = [project["id"] for project in created if project["id"]]
    assert len(ids) == len(rows("projects")) == 2

    def announce(sql: SqlClient, project: str) -> list[Any]:
        return sql.create_source(project, owner_id=OWNER, max_pending_sources=3)

    sources = await asyncio.gather(
        *(asyncio.to_thread(announce, sql, ids[n % 2]) for n, sql in enumerate(clients))
    )
    pending = [source for found in sources for source in found]
    assert len(pending) == len(rows("sources")) == 3
    clients[0].confirm_source(pending[0].id, owner_id=OWNER)
    assert len(announce(clients[0], ids[0])) == 1
    assert announce(clients[0], ids[0]) == []


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_confirmation_counts_where_its_file_is_to_be_probed(
    sql: SqlClient, is_ready: bool
) -> None:
    (source,) = sql.create_source(sql.create_project(owner_id=OWNER).id)
    if is_ready:
        sql.confirm_source(source.id)

    def begin(owner: UUID = OWNER) -> dict[str, Any]:
        return sql.begin_confirm(source.id, owner_id=owner, limit=1)

    assert begin(STRANGER)["outcome"] == "source_not_found"
    first, second = begin(), begin()
    assert first["source"]["id"] == str(source.id)
    if is_ready:
        assert (first["outcome"], second["outcome"]) == ("ready", "ready")
        return
    assert (first["outcome"], second["outcome"]) == ("pending", "too_many_probes")
    assert (first["rate"]["remaining"], second["rate"]["wait_seconds"]) == (0, 60)


def test_an_upload_that_is_refused_announces_nothing(sql: SqlClient, rows: Rows) -> None:
    project = sql.create_project(owner_id=OWNER).id
    paths = [f"{project}/sources/{uuid4()}" for _ in range(2)]
    first, second = (sql.announce_upload(project, path, owner_id=OWNER, limit=1) for path in paths)
    assert (first["wait_seconds"], second["wait_seconds"]) == (0, 60)
    assert [row["prefix"] for row in rows("storage_garbage")] == paths[:1]
