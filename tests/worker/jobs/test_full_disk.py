"""A worker whose disk is full: its job runs again, or ends with that reason, and leaves nothing half written."""

from collections.abc import Iterator

import pytest

from tests.support.functions import FunctionProcess
from tests.support.memory_disk import MemoryDisk, memory_disk
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Cleanup, Deliver, ProjectAtWork

MIB = 1 << 20

FULL = {
    "code": "attempts_exhausted",
    "detail": "The worker ran out of disk space in the last of 1 attempts.",
}


@pytest.fixture
def disk(worker: FunctionProcess) -> Iterator[MemoryDisk]:
    """The worker's temporary directory, as on Cloud Run in memory."""
    with memory_disk(8 * MIB) as disk:
        worker.start(TMPDIR=str(disk.root))
        yield disk
        worker.stop()  # the next test starts it with its own settings


@pytest.mark.parametrize("free_bytes", [0, 64 << 10], ids=["Python writes", "ffmpeg writes"])
async def test_a_job_without_disk_space_tells_so(
    project: ProjectAtWork,
    *,
    worker: FunctionProcess,
    disk: MemoryDisk,
    deliver: Deliver,
    clean_up: Cleanup,
    free_bytes: int,
) -> None:
    disk.fill(free_bytes=free_bytes)
    job = await project.start(variant_count=1)
    project.admin.execute("update editai_jobs set max_attempts = 1")
    log = worker.watch_log()
    await deliver(worker, job.id)
    await eventually(lambda: log.lines(job_id=str(job.id), outcome="abandoned"), 30)

    async def failed() -> bool:
        await clean_up()
        return (await project.progress()).job_status == "failed"

    await eventually(failed, 10, interval=0.2)
    error = (await project.progress()).job_error
    assert error is not None
    assert error["code"] == "attempts_exhausted"
    assert error["detail"] == (
        "The worker ran out of disk space in the last of 1 attempts. Try again later, or use fewer or smaller videos."
    )
    assert (project.clips(), project.files(), disk.names()) == ([], set(), set())
