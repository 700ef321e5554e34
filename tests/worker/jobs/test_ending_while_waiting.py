"""SIGTERM while a worker waits for something else than ffmpeg: it gives its job back as it does during an encode."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tests.support.database import Database
from tests.support.functions import FunctionProcess
from tests.support.serving import ReceivedRequest, responding, serving
from tests.support.waiting import eventually
from tests.unit.storage.storage_api import StorageApi
from tests.worker.jobs.conftest import Deliver, ProjectAtWork
from tests.worker.jobs.test_ending_gracefully import ended, stored_job, terminate, waits_in

SOON_SECONDS = 5
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def dispatched(worker: FunctionProcess) -> AsyncIterator[list[ReceivedRequest]]:
    """What the worker dispatches to the next one."""
    received: list[ReceivedRequest] = []
    async with serving(responding(received, ACCEPTED)) as url:
        worker.stop()
        worker.periods = {**(before := worker.periods), "WORKER_URL": url}
        yield received
        worker.stop()  # the next test starts it with its own settings
        worker.periods = before


@pytest.fixture
async def bucket(
    worker: FunctionProcess,
    project: ProjectAtWork,
    dispatched: list[ReceivedRequest],
) -> AsyncIterator[StorageApi]:
    """A bucket with the project's source, which the worker uses instead of a directory."""
    del dispatched
    settings = worker.project
    api = StorageApi(key=settings.service_role_key, data_api=settings.supabase_url)
    source = project.storage / project.source_path
    api.files[project.source_path] = await asyncio.to_thread(source.read_bytes)
    async with api.serve():
        await asyncio.to_thread(worker.start, SUPABASE_URL=api.url, STORAGE_DIRECTORY="")
        yield api


@pytest.mark.parametrize("transfer", ["GET", "PUT"])
async def test_a_slow_transfer_and_a_slow_renewal_are_stopped_at_once(
    project: ProjectAtWork,
    worker: FunctionProcess,
    bucket: StorageApi,
    deliver: Deliver,
    dispatched: list[ReceivedRequest],
    *,
    database: Database,
    transfer: str,
) -> None:
    """The lease's row is free again when the job is given back, as after any write that waited."""
    waiting = asyncio.Event()

    async def slow(request: Request) -> Response | None:
        if request.method != transfer:
            return None
        waiting.set()
        if request.method == "PUT":
            await bucket.stall(request)

        async def drip() -> AsyncIterator[bytes]:
            yield b"a few bytes"
            await bucket.stall(request)

        size = {"Content-Length": str(len(bucket.files[project.source_path]))}
        return StreamingResponse(drip(), headers=size)

    bucket.faults.append(slow)
    holder = database.connect("supabase_admin")
    job = await project.start(variant_count=1, target_duration=1)
    await deliver(worker, job.id)
    async with asyncio.timeout(30):
        await waiting.wait()
    with holder.transaction():
        holder.execute("select 1 from editai_locks for update")
        await eventually(waits_in(database, "heartbeat"), 10)
        terminate(worker)
        await eventually(waits_in(database, "return_job"), SOON_SECONDS)

    assert await ended(worker) < SOON_SECONDS
    assert stored_job(project) == ("queued", 0)
    assert [body for _, _, body in dispatched] == [b'{"job_id":"%b"}' % str(job.id).encode()]
    assert (project.clips(), set(bucket.files)) == ([], {project.source_path})


async def test_a_probe_that_hangs_is_left_at_once(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver: Deliver,
    dispatched: list[ReceivedRequest],
) -> None:
    """On a machine that is too busy a probe may last 30 s: a second job probes while the probes' parent is stopped."""
    worker.start()
    await deliver(worker, (await project.start(variant_count=1, target_duration=1)).id)
    await project.ended()
    parent = probes_parent(worker)
    os.kill(parent, signal.SIGSTOP)
    project.admin.execute("delete from editai_jobs")
    try:
        job = await project.start(variant_count=1)
        await deliver(worker, job.id)
        await eventually(lambda: reads(project, worker), 10)

        terminate(worker)

        assert await ended(worker) < SOON_SECONDS
        assert stored_job(project) == ("queued", 0)
        assert len(dispatched) == 1
    finally:
        os.kill(parent, signal.SIGCONT)
    await eventually(lambda: not list(processes(worker)), SOON_SECONDS)


def processes(worker: FunctionProcess) -> Iterator[Path]:
    """What /proc has of the worker's processes without ffmpeg, which has a process group of its own."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == worker.pid:
                yield entry


def probes_parent(worker: FunctionProcess) -> int:
    """The worker's process from which probes are forked."""
    return next(
        int(process.name)
        for process in processes(worker)
        if b"warm_parent.py" in (process / "cmdline").read_bytes()
    )


def reads(project: ProjectAtWork, worker: FunctionProcess) -> bool:
    """Whether the worker has the project's source open."""
    with suppress(OSError):
        return any(
            descriptor.readlink() == project.storage / project.source_path
            for process in processes(worker)
            for descriptor in (process / "fd").iterdir()
        )
    return False
