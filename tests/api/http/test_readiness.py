"""readyz: whether the library reports correctly that it can serve."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from local.processes.process import Process
from local.schema.migrations import read_migrations
from shared.database.schema_version import SCHEMA_VERSION
from shared.storage.local_directory import STAGING
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api, problem
from tests.support.waiting import eventually

DEFINITION = """
create or replace function public.editai_schema_version() returns text
language sql immutable security invoker set search_path = '' as $$ select '{}' $$
"""

SetVersion = Callable[[str], None]


@pytest.fixture
def set_version(admin: Connection) -> Iterator[SetVersion]:
    """Have the database say that it is of another version."""

    def define(version: str) -> None:
        admin.execute(DEFINITION.format(version).encode())

    yield define
    define(SCHEMA_VERSION)


async def not_ready(api: Api, slug: str) -> str:
    """The detail of a 503 that says when to come back."""
    answer = await api.http.get("readyz")
    problem(answer, 503, slug)
    assert int(answer.headers["retry-after"]) > 0
    return answer.json()["detail"]


async def ready_again(api: Api) -> None:
    async def is_ready() -> bool:
        return (await api.http.get("readyz")).status_code == 200

    assert await eventually(is_ready)


def test_the_codes_schema_version_is_the_newest_migration() -> None:
    assert read_migrations()[-1].version == SCHEMA_VERSION


def test_the_migrations_give_the_version_that_the_code_needs(service_role: Connection) -> None:
    row = service_role.execute("select public.editai_schema_version() as version").fetchone()
    assert row == {"version": SCHEMA_VERSION}


@pytest.mark.parametrize("version", [SCHEMA_VERSION, "20991231235959"])
async def test_a_database_as_new_as_the_code_or_newer_is_ready(
    api: Api, set_version: SetVersion, version: str
) -> None:
    set_version(version)

    answer = await api.http.get("readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_database_that_is_older_than_the_code_is_not_ready(
    api: Api, set_version: SetVersion
) -> None:
    set_version("20261123091000")

    assert "migration" in await not_ready(api, "service-unavailable")


async def test_a_database_without_a_schema_version_is_not_ready(
    api: Api, admin: Connection
) -> None:
    rename = b"alter function public.%s rename to %s"
    names = (b"editai_schema_version()", b"renamed_by_a_test")
    admin.execute(rename % names)
    admin.execute("notify pgrst, 'reload schema'")
    try:

        async def knows_nothing() -> bool:
            return "migration" in await not_ready(api, "service-unavailable")

        assert await eventually(knows_nothing)
    finally:
        admin.execute(rename % (b"renamed_by_a_test()", b"editai_schema_version"))
        admin.execute("notify pgrst, 'reload schema'")
    await ready_again(api)


async def test_a_database_that_is_away_is_not_ready(api: Api, backend: Backend) -> None:
    (index,) = [i for i, each in enumerate(backend.processes) if each.part.name == "postgrest"]
    backend.processes[index].stop()
    try:
        await not_ready(api, "database-unavailable")
        assert (await api.http.get("healthz")).status_code == 200
    finally:
        backend.processes[index] = Process(backend.processes[index].part)
        backend.processes[index].wait_ready()
    # It listens before it has read the schema.
    await ready_again(api)


async def test_a_storage_that_cannot_be_written_is_not_ready(
    running: Api, fresh_state: Backend, library: FunctionProcess
) -> None:
    """The type of the 503 tells which part is away. A success is kept for a while, so this library is a new one."""
    staging = fresh_state.storage / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.write_text("not a directory")
    try:
        library.restart()
        await not_ready(running, "storage-unavailable")
    finally:
        staging.unlink()
    await ready_again(running)
