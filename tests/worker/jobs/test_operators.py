"""An operator sees "stuck", and finds the cause with editai-admin alone."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.errors import LeaseLost
from shared.jobs.lifecycle import claim_job
from shared.jobs.progress import Progress, update_generation_progress
from shared.jobs.records import Job, Lease
from shared.ops.diagnosis import NO_PROGRESS_SECONDS
from shared.storage.local_directory import STAGING
from tests.support.backend import Backend
from tests.support.database import Clock
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Cleanup, Deliver, ProjectAtWork, ffmpegs_of


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Someone with a terminal. Cleanup is triggered by a test alone."""

    run: Callable[..., Any]
    clean_up: Cleanup

    def __call__(self, *arguments: str) -> Any:
        """The JSON of a command of editai-admin."""
        return self.run(*arguments)


@pytest.fixture
def operator(fresh_state: Backend, library: FunctionProcess, clean_up: Cleanup) -> Operator:
    """Runs editai-admin with a database's address and key, as an operator has them."""
    environment = {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": fresh_state.project.supabase_url,
        "SUPABASE_SERVICE_ROLE_KEY": fresh_state.project.service_role_key,
        "PUBLIC_URL": library.url,
    }

    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "editai_admin", *arguments, "--json"]
        done = subprocess.run(
            command, env=environment, check=False, capture_output=True, text=True, timeout=60
        )
        assert done.returncode in (0, 1), done.stderr
        content = json.loads(done.stdout)
        if "job" not in content and "findings" in content:
            assert done.returncode == bool(content["findings"])
        return content

    return Operator(run=run, clean_up=clean_up)


def codes(content: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in content["findings"]]


def events(story: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    return [(event["event"], event["attempt"], event["code"]) for event in story["events"]]


@pytest.fixture
def broken_storage(fresh_state: Backend) -> Iterator[None]:
    """A file lies where the directory of files that are being written was, so none can be stored."""
    staging = fresh_state.storage / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.write_text("not a directory")
    yield
    staging.unlink()


async def held(job: Job) -> Lease:
    """The lease of a worker that only sends heartbeats."""
    lease = (await claim_job(job.id, holder="worker busy 1", ttl_seconds=60)).lease
    assert lease is not None
    await update_generation_progress(
        lease, Progress(percentage=42, current_step="Making clip 2 of 3"), ttl_seconds=60
    )
    return lease


async def test_a_worker_died_and_cleanup_does_not_run(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver: Deliver,
    clock: Clock,
    operator: Operator,
) -> None:
    worker.restart(LEASE_TTL_SECONDS="600")
    job = await project.start(target_duration=6)
    await deliver(worker, job.id)
    await eventually(lambda: ffmpegs_of(worker), 60)
    worker.kill()
    clock.advance(450)
    assert codes(operator("why", str(job.id))) == ["worker-silent", "cleanup-not-running"]
    clock.advance(150)
    assert codes(operator("why", project.id)) == ["worker-gone", "cleanup-not-running"]
    (lease,) = operator("leases")
    assert lease["job_id"] == str(job.id)

    await operator.clean_up()  # its dispatch finds no worker
    story = operator("job", str(job.id))
    assert events(story) == [("claimed", 1, None), ("requeued", 1, None)]
    assert story["events"][0]["holder"] == lease["holder"]
    assert str(job.id) in story["log_query"]
    (run,) = operator("cleanup")["rows"]
    assert (run["runner"], run["failed_steps"], run["counts"]["requeued"]) == (
        "lease_cleanup",
        [],
        1,
    )
    clock.advance(3600)
    (finding,) = operator("cleanup")["findings"]
    assert "ended 1 h 0 min ago" in finding["what"]


async def test_the_queue_does_not_deliver(
    project: ProjectAtWork,
    worker: FunctionProcess,
    clock: Clock,
    operator: Operator,
) -> None:
    worker.stop()
    job = await project.start()
    for _ in range(2):
        clock.advance(31)
        await operator.clean_up()
    content = operator("why", project.id)
    assert codes(content) == ["not-claimed"]
    assert "dispatched 3 times, not claimed" in content["findings"][0]["what"]
    (queue,) = operator("queue")
    assert (queue["queued"], queue["running"], queue["most_dispatches"]) == (1, 0, 3)
    assert operator("cancel", project.id)["done"]
    assert operator("jobs", "--status", "cancelled")[0]["id"] == str(job.id)


@pytest.mark.usefixtures("broken_storage")
async def test_storage_is_broken(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver: Deliver,
    operator: Operator,
) -> None:
    await operator.clean_up()
    job = await project.start(variant_count=1, target_duration=1)
    await deliver(worker, job.id)

    def abandoned() -> bool:
        query = "select 1 from editai_job_events where event = 'abandoned'"
        return project.admin.execute(query).fetchone() is not None

    await eventually(abandoned, 60, interval=0.5)
    assert {"abandoned-storage-unavailable", "storage-broken"} <= set(
        codes(operator("why", str(job.id)))
    )


async def test_a_worker_sends_heartbeats_and_makes_no_progress(
    project: ProjectAtWork, clock: Clock, operator: Operator
) -> None:
    """The operator queues its job again: the worker loses its lease, and the job no attempt."""
    await operator.clean_up()
    job = await project.start()
    lease = await held(job)
    for _ in range(int(NO_PROGRESS_SECONDS / 50)):
        clock.advance(50)
        await update_generation_progress(
            lease, Progress(percentage=42, current_step="Making clip 2 of 3"), ttl_seconds=60
        )
    await operator.clean_up()
    content = operator("why", str(job.id))
    assert codes(content) == ["no-progress"]
    assert (
        "nothing has changed for 5 min at 42 % (Making clip 2 of 3)"
        in content["findings"][0]["what"]
    )
    assert content["findings"][0]["then"][0] == f"editai-admin requeue {job.id}"
    assert operator("requeue", str(job.id))["done"]
    with pytest.raises(LeaseLost):
        await update_generation_progress(lease, None, ttl_seconds=60)
    story = operator("job", str(job.id))
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
    said = operator("drain", "worker", "--now")["said"]
    assert said == "drained; 1 of its jobs queued again for other workers"
    headers = {"Authorization": f"Bearer {fresh_state.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        refused = await client.post(worker.url, json={"job_id": str(job.id)})
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    (drained,) = operator("workers")
    assert (drained["holder"], drained["jobs"], drained["drained"]) == ("worker", 0, True)
    content = operator("why", str(job.id))
    assert codes(content) == ["not-claimed", "drained"]
    assert content["findings"][1]["then"] == ["editai-admin resume worker"]
    assert operator("resume", "worker")["done"]
    with pytest.raises(LeaseLost):
        await update_generation_progress(lease, None, ttl_seconds=60)


def test_people_read_a_table_and_a_sentence(
    fresh_state: Backend, operator: Operator, tmp_path: Path
) -> None:
    """Without --json; the local stack is found by its file."""
    stack = tmp_path / ".local" / "stack.json"
    stack.parent.mkdir()
    project = fresh_state.project
    members = {"supabase_url": project.supabase_url, "service_role_key": project.service_role_key}
    stack.write_text(json.dumps({**members, "library_url": project.library_url}))

    def said(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "editai_admin", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            check=False,
            capture_output=True,
            text=True,
        )

    doctor = said("doctor")
    assert doctor.returncode == 1
    assert doctor.stdout.startswith("cleanup-not-running: Cleanup has never run here.\n    $ ")
    assert said("jobs").stdout == "no jobs, the newest first\n"
    missing = said("why", "no-such")
    assert missing.returncode == 2
    assert missing.stderr.endswith("or the project has no job.\n")
