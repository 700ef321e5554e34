"""The example's training: a kind of job that our functions do not know, on their leases, progress and recovery."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from local.programs import CHECKOUT
from local.stack.ports import claim_free_port
from tests.support.backend import SHORT_PERIODS, Backend
from tests.support.database import Clock, Connection
from tests.support.functions import FunctionProcess
from tests.support.library_client import problem
from tests.support.users import User
from tests.support.waiting import eventually

EPOCHS = 600
"""More than any test waits for."""


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The example's function, its caller with a project, and the project's job as seen from outside."""

    project_url: str
    function: FunctionProcess
    cleanup: FunctionProcess
    admin: Connection
    headers: dict[str, str]

    def start(
        self, kind: str = "train_model", project: str | None = None, **params: object
    ) -> httpx.Response:
        url = f"{self.function.url}/projects/{project or self.project}/{kind}"
        return httpx.post(url, json={"epochs": EPOCHS, **params}, headers=self.headers, timeout=30)

    @property
    def project(self) -> str:
        return self.project_url.rpartition("/")[2]

    def progress(self) -> dict[str, Any]:
        """What the library tells of it, as of every job."""
        response = httpx.get(f"{self.project_url}/progress", headers=self.headers, timeout=30)
        assert response.status_code == 200, response.text
        return response.json()

    def cancel(self) -> dict[str, Any]:
        return httpx.post(f"{self.project_url}/cancel", headers=self.headers, timeout=30).json()

    def clean_up(self) -> dict[str, int]:
        secret = {"Authorization": f"Bearer {self.cleanup.project.internal_secret}"}
        return httpx.post(self.cleanup.url, headers=secret, timeout=30).json()

    def saved_epoch(self) -> int:
        """The epoch of the checkpoint; 0 without one."""
        row = self.admin.execute(
            "select coalesce((checkpoint ->> 'epoch')::integer, 0) as epoch from editai_jobs"
        ).fetchone()
        assert row is not None
        return row["epoch"]


@pytest.fixture
def trainer(
    fresh_state: Backend,
    library: FunctionProcess,
    lease_cleanup: FunctionProcess,
    admin: Connection,
    user: User,
) -> Iterator[Trainer]:
    claim, directory = claim_free_port(), fresh_state.directory / "training"
    directory.mkdir(exist_ok=True)
    url = f"http://127.0.0.1:{claim.number}"
    kinds = {"WORKER_URLS": json.dumps({"train_model": url})}
    function = FunctionProcess(
        name="training",
        port=claim.number,
        project=fresh_state.project,
        periods={**SHORT_PERIODS, **kinds},
        directory=directory,
        source=CHECKOUT / "examples" / "training" / "main.py",
    )
    lease_cleanup.restart(**kinds)
    headers = {"Authorization": f"Bearer {user.token}"}
    created = httpx.post(f"{library.url}/projects", json={"name": "Model"}, headers=headers)
    project_url = f"{library.url}/projects/{created.json()['id']}"
    try:
        function.start()
        yield Trainer(
            project_url=project_url,
            function=function,
            cleanup=lease_cleanup,
            admin=admin,
            headers=headers,
        )
    finally:
        function.stop()
        lease_cleanup.stop()
        claim.release()


async def test_a_training_has_what_every_job_has(
    trainer: Trainer, library: FunctionProcess, clock: Clock
) -> None:
    """202, then 409 with its id; progress; after a kill, recovery from its checkpoint; cancel; an end with a result."""
    refuses_wrong_requests(trainer)
    accepted = trainer.start()
    assert accepted.status_code == 202, accepted.text
    job = accepted.json()["job"]
    assert accepted.headers["location"] == f"{trainer.project_url}/progress"
    busy = problem(trainer.start(), 409, "project-busy")
    assert busy["job"] == {"id": job["id"], "kind": "train_model"}

    await eventually(lambda: trainer.progress()["percentage"] >= 1, 30, interval=0.1)
    trainer.function.kill()
    killed_at, shown = trainer.saved_epoch(), trainer.progress()["percentage"]
    assert 0 < killed_at < EPOCHS
    library.kill()
    library.start()
    assert trainer.progress()["percentage"] == shown > 0

    log = trainer.function.watch_log()
    trainer.function.start()
    clock.advance(4)
    counts = trainer.clean_up()
    assert (counts["requeued"], counts["dispatched"]) == (1, 1)
    await eventually(lambda: trainer.saved_epoch() > killed_at, 30)
    progress = trainer.progress()
    assert (progress["job"]["status"], progress["job"]["attempt"]) == ("running", 2)
    assert progress["percentage"] >= shown
    (first_step, *_) = (line for line in log.lines(attempt=2) if line["message"].startswith("step"))
    assert first_step["message"] == f"step: Epoch {killed_at + 1} of {EPOCHS}"

    assert trainer.cancel()["outcome"] == "cancelled"
    await eventually(lambda: log.lines(job_id=job["id"], outcome="cancelled"), 3)
    assert trainer.saved_epoch() == 0

    short = trainer.start(epochs=3)
    assert short.status_code == 202, short.text

    async def result() -> dict[str, object] | None:
        row = trainer.admin.execute(
            "select result, checkpoint from editai_jobs where id = %s and status = 'completed'",
            [short.json()["job"]["id"]],
        ).fetchone()
        assert row is None or row["checkpoint"] is None
        return row and row["result"]

    trained = await eventually(result, 20, interval=0.1)
    assert trained
    assert trained["epoch"] == 3


def refuses_wrong_requests(trainer: Trainer) -> None:
    """Each gets its problem and starts nothing."""
    bad = problem(trainer.start(epochs=0, rate="fast"), 422, "invalid-request")
    assert [error["location"] for error in bad["errors"]] == ["body.epochs", "body.rate"]
    problem(trainer.start("raw_clips"), 404, "not-found")
    problem(trainer.start(project="no-such"), 404, "project-not-found")
    token = trainer.headers.pop("Authorization")
    problem(trainer.start(), 401, "unauthenticated")
    trainer.headers["Authorization"] = token
    assert trainer.admin.execute("select 1 from editai_jobs").fetchall() == []
