"""Two users and a worker with one slot: one user's many heavy jobs delay the other's light one by one job at most."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.functions import FunctionProcess
from tests.support.waiting import eventually
from tests.worker.jobs.conftest import Deliver, ProjectAtWork

GREEDY, MODEST = UUID(int=7), UUID(int=8)


@pytest.fixture(scope="module")
def one_slot(backend: Backend) -> Iterator[FunctionProcess]:
    worker = backend.functions["worker"]
    worker.start(WORKER_CONCURRENCY="1", LEASE_TTL_SECONDS="20")
    yield worker
    worker.stop()  # tests of other files start it with their own settings


@pytest.fixture
async def jobs(project: ProjectAtWork, admin: Connection) -> dict[str, UUID]:
    """Four heavy jobs of one user, and then a light one of another, on copies of the project and its source."""
    names = {"heavy 0": GREEDY, "heavy 1": GREEDY, "heavy 2": GREEDY, "heavy 3": GREEDY}
    started: dict[str, UUID] = {}
    for name, owner in (names | {"light": MODEST}).items():
        copy = ProjectAtWork(
            id=name.replace(" ", "-"), source_id=uuid4(), admin=admin, storage=project.storage
        )
        target = copy.storage / copy.source_path
        target.parent.mkdir(parents=True)
        target.hardlink_to(project.storage / project.source_path)
        admin.execute("select editai_create_project(%s, %s, %s)", [owner, name, copy.id])
        admin.execute(
            "insert into editai_sources (id, project_id, status, file_name, storage_path,"
            " content_type, size_bytes, duration_seconds, width, height, frame_rate, has_audio)"
            " select %s, %s, status, file_name, %s, content_type, size_bytes, duration_seconds,"
            " width, height, frame_rate, has_audio from editai_sources where project_id = 'reel'",
            [copy.source_id, copy.id, copy.source_path],
        )
        variants = 1 if name == "light" else 2
        started[name] = (await copy.start(variant_count=variants, target_duration=1.0)).id
    return started


async def as_queue(worker: FunctionProcess, job_id: UUID) -> httpx.Response:
    """Deliver a job as Cloud Tasks does: the response comes when the attempt has ended."""
    headers = {"Authorization": f"Bearer {worker.project.internal_secret}"}
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.post(worker.url, json={"job_id": str(job_id)}, headers=headers)


def ended(admin: Connection) -> list[str]:
    """The projects whose jobs have completed, in the order of their ends."""
    rows = admin.execute(
        "select project_id from editai_jobs where status = 'completed' order by finished_at"
    )
    return [row["project_id"].replace("-", " ") for row in rows]


def assert_in_turn(order: list[str]) -> None:
    """Heavy jobs in the order of their starts, and the light one after one of them at most."""
    heavy = [name for name in order if name != "light"]
    assert heavy == sorted(heavy)
    assert "light" in order[:2]


async def test_a_light_job_is_not_held_up_though_its_delivery_is_refused(
    one_slot: FunctionProcess, jobs: dict[str, UUID], admin: Connection, deliver: Deliver
) -> None:
    """Nothing delivers the other jobs again, and no cleanup runs: the slot goes on with whose turn it is."""
    assert (await deliver(one_slot, jobs["heavy 3"])).json() == {"outcome": "claimed"}
    refused = await as_queue(one_slot, jobs["light"])
    assert refused.status_code == 503
    await eventually(lambda: len(ended(admin)) == len(jobs), 90, interval=0.2)
    assert_in_turn(ended(admin))
    attempts = admin.execute("select distinct attempt from editai_jobs").fetchall()
    assert [row["attempt"] for row in attempts] == [1]


async def test_a_queues_deliveries_run_the_jobs_in_turn_whichever_they_name(
    one_slot: FunctionProcess, jobs: dict[str, UUID], admin: Connection
) -> None:
    for count, name in enumerate(("heavy 1", "heavy 3", "heavy 2"), start=1):
        answer = await as_queue(one_slot, jobs[name])
        assert answer.json() == {"outcome": "completed"}
        assert len(ended(admin)) == count  # one delivery, one job
    assert_in_turn(ended(admin))
