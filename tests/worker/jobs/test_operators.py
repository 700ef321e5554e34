"""An operator sees "stuck", and finds the cause with editai-admin alone."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from editai_admin.__main__ import main
from pipeline.kinds import recipes
from shared.database.client import close_supabase
from shared.errors import LeaseLost
from shared.jobs.leases import acquire_lease
from shared.jobs.lifecycle import claim_job
from shared.jobs.progress import Progress, update_generation_progress
from shared.jobs.records import Job, Lease
from shared.ops.diagnosis import NO_PROGRESS_SECONDS
from shared.running.attempt import run_job
from shared.storage import repeating
from shared.storage.local_directory import STAGING
from tests.support.backend import Backend
from tests.support.database import Clock
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Cleanup, Deliver, ProjectAtWork, ffmpegs_of


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command has printed, and its exit status."""

    status: int
    out: str
    err: str


async def run(*arguments: str) -> Said:
    """Run a command in this process, as the entry point does: in a thread, which gets an event loop of its own."""
    await close_supabase()  # its connections belong to this loop
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = await asyncio.to_thread(main, [*arguments])
    return Said(status=status, out=out.getvalue(), err=err.getvalue())


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Someone with a terminal. Cleanup is triggered by a test alone."""

    clean_up: Cleanup

    async def __call__(self, *arguments: str) -> Any:
        """The JSON of a command of editai-admin."""
        said = await run(*arguments, "--json")
        assert said.status in (0, 1), said.err
        content = json.loads(said.out)
        if "job" not in content and "findings" in content:
            assert said.status == bool(content["findings"])
        return content


@pytest.fixture
def operator(
    library: FunctionProcess, clean_up: Cleanup, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """Runs editai-admin with a database's address and key, which this process has, and the library's address."""
    monkeypatch.setenv("PUBLIC_URL", library.url)
    return Operator(clean_up=clean_up)


@pytest.fixture
def patient_worker(fresh_state: Backend) -> Iterator[FunctionProcess]:
    """A worker whose leases last, so that a test can look at them while their time passes."""
    worker = fresh_state.functions["worker"]
    worker.start(LEASE_TTL_SECONDS="600")
    yield worker
    worker.stop()


def codes(content: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in content["findings"]]


def events(story: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    return [(event["event"], event["attempt"], event["code"]) for event in story["events"]]


@pytest.fixture
async def broken_storage(fresh_state: Backend, library: FunctionProcess) -> AsyncIterator[None]:
    """A file lies where the directory of files that are being written was, so none can be stored.

    The library, which other tests use, has noticed both the fault and, at the end, the repair.
    """

    async def is_ready() -> bool:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{library.url}/readyz")).is_success

    async def is_broken() -> bool:
        return not await is_ready()

    staging = fresh_state.storage / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.write_text("not a directory")
    await eventually(is_broken, interval=0.1)
    yield
    staging.unlink()
    await eventually(is_ready, interval=0.1)


STEP = Progress(percentage=42, current_step="Making clip 2 of 3")


async def held(job: Job) -> Lease:
    """The lease of a worker that only sends heartbeats."""
    lease = (await claim_job(job.id, holder="worker busy 1", ttl_seconds=600)).lease
    assert lease is not None
    await update_generation_progress(lease, STEP, ttl_seconds=600)
    return lease


async def test_a_worker_died_and_cleanup_does_not_run(
    project: ProjectAtWork,
    patient_worker: FunctionProcess,
    deliver: Deliver,
    clock: Clock,
    operator: Operator,
) -> None:
    job = await project.start(target_duration=6)
    await deliver(patient_worker, job.id)
    await eventually(lambda: ffmpegs_of(patient_worker), 60)
    patient_worker.kill()
    clock.advance(450)
    assert codes(await operator("why", str(job.id))) == ["worker-silent", "cleanup-not-running"]
    clock.advance(150)
    assert codes(await operator("why", project.id)) == ["worker-gone", "cleanup-not-running"]
    assert codes(await operator("doctor")) == ["cleanup-not-running", "worker-gone"]
    (lease,) = await operator("leases")
    assert lease["job_id"] == str(job.id)

    await operator.clean_up()  # its dispatch finds no worker
    story = await operator("job", str(job.id))
    assert events(story) == [("claimed", 1, None), ("requeued", 1, None)]
    assert story["events"][0]["holder"] == lease["holder"]
    assert str(job.id) in story["log_query"]
    (run,) = (await operator("cleanup"))["rows"]
    assert (run["runner"], run["failed_steps"], run["counts"]["requeued"]) == (
        "lease_cleanup",
        [],
        1,
    )
    clock.advance(3600)
    (finding,) = (await operator("cleanup"))["findings"]
    assert "ended 1 h 0 min ago" in finding["what"]


async def test_the_queue_does_not_deliver(
    project: ProjectAtWork, fresh_state: Backend, clock: Clock, operator: Operator
) -> None:
    fresh_state.functions["worker"].stop()
    job = await project.start()
    for _ in range(2):
        clock.advance(31)
        await operator.clean_up()
    content = await operator("why", project.id)
    assert codes(content) == codes(await operator("doctor")) == ["not-claimed"]
    assert "dispatched 3 times, not claimed" in content["findings"][0]["what"]
    (queue,) = await operator("queue")
    assert (queue["queued"], queue["running"], queue["most_dispatches"]) == (1, 0, 3)
    assert (await operator("cancel", project.id))["done"]
    assert (await operator("jobs", "--status", "cancelled"))[0]["id"] == str(job.id)


@pytest.mark.usefixtures("broken_storage")
async def test_storage_is_broken(
    project: ProjectAtWork, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt runs in this process, where transfers are repeated without pauses."""
    monkeypatch.setattr(repeating, "PAUSES_SECONDS", (0.0,))
    await operator.clean_up()
    job = await project.start(variant_count=1, target_duration=1)
    claim = await claim_job(job.id, holder="worker here 1", ttl_seconds=600)
    assert await run_job(claim, recipes) == "abandoned"
    assert {"abandoned-storage-unavailable", "storage-broken"} <= set(
        codes(await operator("why", str(job.id)))
    )


async def test_a_worker_sends_heartbeats_and_makes_no_progress(
    project: ProjectAtWork, clock: Clock, operator: Operator
) -> None:
    """The operator queues its job again: the worker loses its lease, and the job no attempt."""
    await operator.clean_up()
    job = await project.start()
    lease = await held(job)
    clock.advance(NO_PROGRESS_SECONDS)
    await update_generation_progress(lease, STEP, ttl_seconds=600)
    await operator.clean_up()
    content = await operator("why", str(job.id))
    assert codes(content) == codes(await operator("doctor")) == ["no-progress"]
    assert (
        "nothing has changed for 5 min at 42 % (Making clip 2 of 3)"
        in content["findings"][0]["what"]
    )
    assert content["findings"][0]["then"][0] == f"editai-admin requeue {job.id}"
    assert (await operator("requeue", str(job.id)))["done"]
    with pytest.raises(LeaseLost):
        await update_generation_progress(lease, None, ttl_seconds=600)
    story = await operator("job", str(job.id))
    assert (story["job"]["status"], story["job"]["attempt"]) == ("queued", 0)
    assert events(story) == [
        ("claimed", 1, None),
        ("withdrawn", 1, None),
        ("returned", 1, None),
        ("requeued", 0, None),
    ]


async def test_a_worker_was_drained_and_forgotten(
    project: ProjectAtWork,
    worker: FunctionProcess,
    fresh_state: Backend,
    operator: Operator,
) -> None:
    await operator.clean_up()
    job = await project.start()
    lease = await held(job)
    said = (await operator("drain", "worker", "--now"))["said"]
    assert said == "drained: 1 of its jobs queued again for other workers"
    headers = {"Authorization": f"Bearer {fresh_state.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        refused = await client.post(worker.url, json={"job_id": str(job.id)})
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    (drained,) = await operator("workers")
    assert (drained["holder"], drained["jobs"], drained["drained"]) == ("worker", 0, True)
    content = await operator("why", str(job.id))
    assert codes(content) == ["not-claimed", "drained"]
    assert codes(await operator("doctor")) == ["drained", "not-claimed"]
    assert content["findings"][1]["then"] == ["editai-admin resume worker"]
    assert (await operator("resume", "worker"))["done"]
    with pytest.raises(LeaseLost):
        await update_generation_progress(lease, None, ttl_seconds=600)


async def test_another_function_holds_a_project_without_a_job(
    project: ProjectAtWork, operator: Operator
) -> None:
    """Starts get 409, though no job is active."""
    await operator.clean_up()
    await acquire_lease(project.id, holder="nightly-export", ttl_seconds=60)
    assert (await project.try_start()).outcome == "busy"
    content = await operator("why", project.id)
    assert codes(content) == ["held-without-a-job"]
    assert "nightly-export holds project reel" in content["findings"][0]["what"]
    (lease,) = await operator("leases")
    assert (lease["holder"], lease["job_id"]) == ("nightly-export", None)


@pytest.mark.usefixtures("fresh_state")
async def test_people_read_a_table_and_a_sentence() -> None:
    assert (await run("jobs")).out == "no jobs, the newest first\n"
    missing = await run("why", "no-such")
    assert missing.status == 2
    assert missing.err.endswith("or the project has no job.\n")


def test_the_command_finds_the_local_stack_by_its_file(
    fresh_state: Backend, library: FunctionProcess, tmp_path: Path
) -> None:
    """The installed command, in a process of its own, without any setting."""
    stack = tmp_path / ".local" / "stack.json"
    stack.parent.mkdir()
    project = fresh_state.project
    members = {"supabase_url": project.supabase_url, "service_role_key": project.service_role_key}
    stack.write_text(json.dumps({**members, "library_url": library.url}))
    doctor = subprocess.run(
        [Path(sys.executable).with_name("editai-admin"), "doctor"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
    )
    assert doctor.returncode == 1, doctor.stderr
    assert doctor.stdout.startswith("cleanup-not-running: Cleanup has never run here.\n    $ ")
