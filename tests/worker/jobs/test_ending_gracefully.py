"""SIGTERM, which Cloud Run sends 10 s before it kills an instance: the worker gives its job back, another goes on."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from psycopg import sql
from starlette.requests import Request

from local.stack.ports import claim_free_port
from pipeline.kinds import recipes
from shared.errors import ServiceUnavailable, problem_response
from shared.jobs.lifecycle import claim_job
from shared.jobs.records import Job
from shared.running.delivery import deliver as handle_delivery
from shared.running.giving_back import give_back
from shared.serving import ending
from tests.support.backend import Backend
from tests.support.database import Clock, Database
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Cleanup, Deliver, ProjectAtWork, ffmpegs_of

GRACE_SECONDS = 10

DeliverAndWait = Callable[[Job], Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
def next_worker(worker: FunctionProcess, fresh_state: Backend) -> Iterator[FunctionProcess]:
    """A second instance, to which the first one's dispatches go."""
    claim, directory = claim_free_port(), fresh_state.directory / "next-worker"
    directory.mkdir(exist_ok=True)
    following = replace(worker, port=claim.number, directory=directory, process=None)
    following.start()
    worker.restart(WORKER_URL=following.url)
    yield following
    following.stop()
    worker.stop()  # the next test starts it with its own settings
    claim.release()


@pytest.fixture
def deliver_as_queue(worker: FunctionProcess) -> DeliverAndWait:
    """Delivers a job as Cloud Tasks does: the response comes when the attempt has ended."""

    async def post(job: Job) -> httpx.Response:
        headers = {"Authorization": f"Bearer {worker.project.internal_secret}"}
        async with httpx.AsyncClient(timeout=60) as client:
            return await client.post(worker.url, json={"job_id": str(job.id)}, headers=headers)

    return post


async def ended(worker: FunctionProcess) -> float:
    """Wait for the process to exit; return how many seconds it took."""
    begun_at = time.monotonic()
    assert worker.process is not None
    await eventually(worker.process.has_exited, GRACE_SECONDS, interval=0.02)
    return time.monotonic() - begun_at


def terminate(worker: FunctionProcess) -> None:
    assert worker.process is not None
    worker.process.request_stop()


def stored_job(project: ProjectAtWork) -> tuple[str, int]:
    row = project.admin.execute("select status, attempt from editai_jobs").fetchone()
    assert row is not None
    return row["status"], row["attempt"]


def waits_in(database: Database, function: str) -> Callable[[], bool]:
    """Whether a call of a SQL function waits for a lock."""
    observer = database.connect("supabase_admin")

    def look() -> bool:
        query = (
            "select 1 from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and query ~ %s"
        )
        return observer.execute(query, [f'"editai_{function}"']).fetchone() is not None

    return look


async def test_another_worker_goes_on_at_once_and_no_attempt_is_spent(
    project: ProjectAtWork,
    worker: FunctionProcess,
    next_worker: FunctionProcess,
    deliver_as_queue: DeliverAndWait,
) -> None:
    job = await project.start(target_duration=6)
    delivery = asyncio.create_task(deliver_as_queue(job))
    first = (await eventually(project.clips, 60))[0]
    encoders = await eventually(lambda: ffmpegs_of(worker), 30)
    checkpoint = (await project.progress()).percentage

    for _ in range(2):  # the second signal changes nothing
        terminate(worker)

    response = await delivery
    assert (response.status_code, response.json()) == (200, {"outcome": "returned"})
    assert await ended(worker) < GRACE_SECONDS / 2
    assert encoders
    assert not ffmpegs_of(worker)
    progress = await project.progress()
    assert (progress.job_status, progress.job_attempt) == ("running", 1)
    assert progress.percentage >= checkpoint > 0
    await eventually(lambda: ffmpegs_of(next_worker), 5)
    progress = await project.ended()
    assert (progress.job_status, progress.job_attempt) == ("completed", 1)
    clips = project.clips()
    assert (clips[0], len(clips)) == (first, 3)
    assert int(clips[2].storage_path.split("/")[3]) > int(first.storage_path.split("/")[3])


async def test_a_job_that_no_other_worker_takes_is_dispatched_by_cleanup(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver: Deliver,
    clean_up: Cleanup,
    clock: Clock,
) -> None:
    """Its dispatch goes to this same worker, which accepts none, as on a machine with one worker."""
    job = await project.start(target_duration=12)
    await deliver(worker, job.id)
    await eventually(lambda: ffmpegs_of(worker), 30)

    terminate(worker)

    await ended(worker)
    assert stored_job(project) == ("queued", 0)
    worker.start()
    clock.advance(5)
    counts = await clean_up()
    assert (counts["requeued"], counts["dispatched"]) == (1, 1)
    await eventually(lambda: stored_job(project) == ("running", 1), 5)
    log = worker.watch_log()
    project.admin.execute("select editai_cancel_job(%s, null)", [project.id])
    # Once it is free, a worker asks for the next job: that of the next test, if it were started by then.
    await eventually(lambda: "the attempt ended" in log.text(), 20)


async def test_a_job_that_is_just_being_claimed_is_given_back(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver_as_queue: DeliverAndWait,
    database: Database,
) -> None:
    job, claiming = await project.start(), waits_in(database, "claim_job")
    holder = database.connect("supabase_admin")
    with holder.transaction():
        holder.execute("select 1 from editai_projects for update")
        delivery = asyncio.create_task(deliver_as_queue(job))
        await eventually(claiming, 10)
        terminate(worker)
        await eventually(lambda: not _accepts(worker), 5)
    response = await delivery
    # No other worker takes it, so the queue is told to deliver it again.
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.headers["retry-after"]
    await ended(worker)
    assert stored_job(project) == ("queued", 0)


@pytest.mark.parametrize(
    ("writing", "left"), [("record_clip", ("queued", 0)), ("finish_job", ("completed", 1))]
)
async def test_a_write_that_is_just_being_made_is_not_lost(
    project: ProjectAtWork,
    worker: FunctionProcess,
    deliver: Deliver,
    database: Database,
    *,
    writing: str,
    left: tuple[str, int],
) -> None:
    """A job whose final write is under way ends; a clip that is being recorded is recorded, or made again."""
    waiting, holder = waits_in(database, writing), database.connect("supabase_admin")
    job = await project.start(variant_count=1, target_duration=2)
    log = worker.watch_log()
    await deliver(worker, job.id)
    await eventually(lambda: ffmpegs_of(worker), 30)
    row = sql.Identifier(f"editai_{'projects' if writing == 'finish_job' else 'locks'}")
    async with asyncio.timeout(40):
        told = False
        while not told:  # a renewal waits as well, so the row is held only for moments
            with holder.transaction():
                holder.execute(sql.SQL("select 1 from {} for update").format(row))
                if told := await _soon(waiting):
                    terminate(worker)
                    await eventually(lambda: not _accepts(worker), 5)
    await ended(worker)
    assert stored_job(project) == left
    outcome = "completed" if writing == "finish_job" else "left"
    assert log.lines(job_id=str(job.id), outcome=outcome)


async def _soon(condition: Callable[[], bool]) -> bool:
    for _ in range(20):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


def _accepts(worker: FunctionProcess) -> bool:
    try:
        httpx.get(worker.url, timeout=1)
    except httpx.HTTPError:
        return False
    return True


async def test_an_ending_worker_refuses_a_delivery(
    project: ProjectAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came just before the worker stopped listening. The queue sends it elsewhere."""
    job = await project.start()
    monkeypatch.setattr(ending.process, "begun_at", asyncio.get_running_loop().time())
    with pytest.raises(ServiceUnavailable, match="ending") as refused:
        await handle_delivery(delivery_of(job), recipes)
    assert problem_response(refused.value).headers["retry-after"]
    assert stored_job(project) == ("queued", 0)


def delivery_of(job: Job) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": f'{{"job_id": "{job.id}"}}'.encode()}

    return Request({"type": "http", "headers": []}, receive)


async def test_a_database_that_does_not_respond_cannot_delay_the_end(
    project: ProjectAtWork, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the end of its lease gives the job to another worker."""
    job = await project.start()
    claim = await claim_job(job.id, holder="ending", ttl_seconds=60)
    assert claim.lease is not None
    now = asyncio.get_running_loop().time
    monkeypatch.setattr(ending.process, "begun_at", now() - ending.GRACE_SECONDS + 0.5)
    holder = database.connect("supabase_admin")
    begun_at = now()
    with holder.transaction():
        holder.execute("select 1 from editai_projects for update")
        assert await give_back(job, claim.lease) == "left"
    assert now() - begun_at < 1
