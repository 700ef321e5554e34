"""Requests and answers that are lost on their way, on a real line: what is asked again, and what nobody can know."""

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID, uuid4

import pytest

from local.stack.ports import claim_free_port
from shared.database.client import close_supabase
from shared.errors import DatabaseUnavailable
from shared.jobs.leases import acquire_lease
from shared.jobs.lifecycle import JobRequest, claim_job, start_job
from shared.jobs.records import Lease
from shared.settings import get_settings
from tests.faults.injection.proxy import Line, Proxy
from tests.support.backend import Backend
from tests.support.database import Connection


class LosesFirst(Line):
    """Loses the first piece of one kind that passes, or holds it up for a minute, and does nothing else."""

    def __init__(self, fault: str) -> None:
        super().__init__(longest_delay_seconds=60)
        self._fault: str | None = fault

    def probability(self, fault: str) -> float:
        if fault != self._fault:
            return 0.0
        self._fault = None
        return 1.0


BadLine = Callable[[str], AbstractAsyncContextManager[None]]


@pytest.fixture
def bad_line(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> BadLine:
    """Puts a line that loses something between this process and the gateway."""

    @asynccontextmanager
    async def between(fault: str) -> AsyncGenerator[None]:
        claim = claim_free_port()
        proxy = Proxy(
            port=claim.number,
            target=lambda: fresh_state.gateway.port,
            line=LosesFirst(fault),
            random=random.Random(0),  # noqa: S311 - what is lost is certain
        )
        await proxy.start()
        try:
            with monkeypatch.context() as patch:
                patch.setenv("SUPABASE_URL", f"http://127.0.0.1:{claim.number}")
                await _connect_anew()
                yield
        finally:
            await _connect_anew()
            await proxy.stop()
            claim.release()
        assert proxy.counts.total() == 1

    return between


async def _connect_anew() -> None:
    get_settings.cache_clear()
    await close_supabase()


@pytest.fixture
def project(admin: Connection) -> str:
    admin.execute("select editai_create_project(%s, 'Reel', 'reel')", [UUID(int=7)])
    return "reel"


@pytest.fixture
def request_of(project: str) -> JobRequest:
    return JobRequest(project_id=project, owner_id=None, kind="raw_clips", params={})


LOSSES = pytest.mark.parametrize("lost", ["cut", "drop"], ids=["the request", "the answer"])
LATE_TOO = pytest.mark.parametrize(
    "lost", ["cut", "drop", "delay"], ids=["the request", "the answer", "what is late"]
)


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.client.CALL_TIMEOUT_SECONDS", 0.5)


@LATE_TOO
async def test_a_claim_without_an_answer_costs_no_attempt(
    bad_line: BadLine, request_of: JobRequest, lost: str
) -> None:
    job = (await start_job(request_of, get_settings())).job
    assert job is not None
    async with bad_line(lost):
        claim = await claim_job(job.id, holder="worker", ttl_seconds=60)
    assert claim.outcome == "claimed"
    assert claim.job is not None
    assert (claim.job.attempt, claim.job.status) == (1, "running")


@LATE_TOO
@pytest.mark.usefixtures("fresh_state")
async def test_a_lease_is_granted_without_waiting_for_ones_own_to_expire(
    bad_line: BadLine, lost: str
) -> None:
    async with bad_line(lost):
        lease = await acquire_lease("key", holder="first", ttl_seconds=60)
    assert isinstance(lease, Lease)


@LOSSES
async def test_a_start_without_an_answer_starts_one_job(
    bad_line: BadLine, request_of: JobRequest, admin: Connection, lost: str
) -> None:
    job_id = uuid4()
    async with bad_line(lost):
        start = await start_job(request_of, get_settings(), job_id=job_id)
    assert start.job is not None
    assert start.job.id == job_id
    assert admin.execute("select id from editai_jobs").fetchall() == [{"id": job_id}]


@pytest.mark.usefixtures("project")
async def test_a_refusal_after_a_start_without_an_answer_is_not_taken_for_the_end(
    bad_line: BadLine, request_of: JobRequest
) -> None:
    """The first call may still be on its way, and start the job once the project is free."""
    await acquire_lease("reel", holder="nightly export", ttl_seconds=60)
    async with bad_line("cut"):
        with pytest.raises(DatabaseUnavailable):
            await start_job(request_of, get_settings())
    assert (await start_job(request_of, get_settings())).outcome == "busy"
