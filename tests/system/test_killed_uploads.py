"""A library that is killed between storing an upload and starting its job."""

import asyncio
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from psycopg.rows import DictRow

from editai_client import LibraryClient
from editai_client.models import Project
from local.parts.scheduler import trigger_cleanup
from tests.support.database import Clock, Connection, Database
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually

HOUR_SECONDS = 3600.0
# The activity shows only the beginning of a query: the parameters, which PostgREST lists before the function.
WAITING_CALLS = """
    select 1 from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query ~ 'pgrst_call'
"""


@pytest.fixture
async def lone_file(
    client: LibraryClient,
    project: Project,
    library: FunctionProcess,
    database: Database,
    small_video: Path,
) -> Path:
    """The file of an upload whose library was killed before the job started."""
    # A transaction keeps its first view of other sessions. So one connection holds the row and another observes.
    holder, observer = (database.connect("supabase_admin") for _ in range(2))

    def stored() -> list[Path]:
        return [*library.project.storage_directory.glob(f"{project.id}/sources/*")]

    def starts() -> list[DictRow]:
        return observer.execute(WAITING_CALLS).fetchall()

    # start_job waits for the project's row until its timeout.
    with holder.transaction():
        holder.execute("select 1 from editai_projects where id = %s for update", [project.id])
        upload = asyncio.create_task(client.generate(project.id, small_video))
        await eventually(lambda: stored() and starts())
        library.kill()
        await eventually(lambda: not starts())
    with suppress(httpx.HTTPError):
        await upload
    (file,) = stored()
    return file


async def test_the_file_of_an_upload_whose_job_never_started_is_removed(
    lone_file: Path, lease_cleanup: FunctionProcess, admin: Connection, clock: Clock
) -> None:
    assert admin.execute("select 1 from editai_jobs").fetchall() == []
    clock.advance(HOUR_SECONDS)
    secret = lease_cleanup.project.internal_secret
    await asyncio.to_thread(trigger_cleanup, lease_cleanup.url, secret)
    assert not await asyncio.to_thread(lone_file.exists)
