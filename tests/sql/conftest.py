"""Fixtures: clients of the SQL functions, and rows to call them on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql as sql_text

from shared.jobs.records import Job, Lease
from tests.sql.client import SqlClient
from tests.sql.racing import Race
from tests.sql.values import Rows
from tests.support.database import Clock, Connection, Database


@pytest.fixture
def new_client(database: Database) -> Callable[[], SqlClient]:
    """Opens another connection under the functions' role; its time follows the shared clock."""

    def connect() -> SqlClient:
        connection = database.connect("service_role")
        connection.execute("set statement_timeout = '20s'")  # what waits for ever fails
        return SqlClient(connection=connection)

    return connect


@pytest.fixture
def sql(new_client: Callable[[], SqlClient]) -> SqlClient:
    """A client whose time stands still at START."""
    return new_client().at(0)


@pytest.fixture
def live(new_client: Callable[[], SqlClient]) -> SqlClient:
    """A client whose time follows the shared clock, which a test moves for all at once."""
    return new_client()


@pytest.fixture
def other(new_client: Callable[[], SqlClient]) -> SqlClient:
    """A second client that races with `live`."""
    return new_client()


@pytest.fixture
def race(admin: Connection, clock: Clock, live: SqlClient, other: SqlClient) -> Race:
    """Two clients that race, and what a test needs to see them wait."""
    return Race(admin=admin, clock=clock, live=live, other=other)


@pytest.fixture
def project(sql: SqlClient, owner: UUID) -> str:
    """A project on which nothing runs."""
    return sql.create_project("reel-1", owner_id=owner).id


@pytest.fixture
def owner() -> UUID:
    """Who the project belongs to."""
    return UUID(int=7)


@pytest.fixture
def queued(sql: SqlClient, project: str) -> Job:
    """A job that was started at START and waits for a worker."""
    job = sql.start_job(project).job
    assert job is not None
    return job


@pytest.fixture
def lease(sql: SqlClient, queued: Job) -> Lease:
    """The lease of a worker that claimed the job at START."""
    lease = sql.claim_job(queued.id).lease
    assert lease is not None
    return lease


@pytest.fixture
def live_lease(live: SqlClient) -> Lease:
    """The lease of a worker that has just claimed a job, in time that the shared clock moves."""
    job = live.start_job(live.create_project().id).job
    assert job is not None
    lease = live.claim_job(job.id).lease
    assert lease is not None
    return lease


@pytest.fixture
def rows(admin: Connection) -> Rows:
    """All rows of a table, as they are stored."""

    def read(table: str) -> list[dict[str, Any]]:
        query = sql_text.SQL("select * from public.{}")
        return admin.execute(query.format(sql_text.Identifier(f"editai_{table}"))).fetchall()

    return read
