"""Requests and responses that are lost on a real connection: what is retried, and which outcomes stay unknown."""

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
from tests.support.settings import forget_settings


class LineWithOneFault(Line):
    """Loses or delays by a minute the first piece that the fault applies to, and no other."""

    def __init__(self, fault: str) -> None:
        super().__init__(longest_delay_seconds=60)
        self._fault: str | None = fault

    def probability(self, fault: str) -> float:
        if fault != self._fault:
            return 0.0
        self._fault = None
        return 1.0


FaultyLine = Callable[[str], AbstractAsyncContextManager[None]]


@pytest.fixture
def faulty_line(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> FaultyLine:
    """Puts a proxy with one fault between this process and the gateway."""

    @asynccontextmanager
    async def between(fault: str) -> AsyncGenerator[None]:
        claim = claim_free_port()
        proxy = Proxy(
            port=claim.number,
            target=lambda: fresh_state.gateway.port,
            line=LineWithOneFault(fault),
            random=random.Random(0),  # noqa: S311 - the fault is certain
        )
        await proxy.start()
        try:
            with monkeypatch.context() as patch:
                patch.setenv("SUPABASE_URL", f"http://127.0.0.1:{claim.number}")
                await _reconnect()
                yield
        finally:
            await _reconnect()
            await proxy.stop()
            claim.release()
        assert proxy.counts.total() == 1

    return between


async def _reconnect() -> None:
    forget_settings()
    await close_supabase()


@pytest.fixture
def project(admin: Connection) -> str:
    admin.execute("select editai_create_project(%s, 'Reel', 'reel')", [UUID(int=7)])
    return "reel"


@pytest.fixture
def job_request(project: str) -> JobRequest:
    return JobRequest(project_id=project, owner_id=None, kind="raw_clips", params={})


LOST = pytest.mark.parametrize("lost", ["cut", "drop"], ids=["the request", "the response"])
LOST_OR_LATE = pytest.mark.parametrize(
    "lost", ["cut", "drop", "delay"], ids=["the request", "the response", "a late one"]
)


@pytest.fixture(autouse=True)
def _short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.client.CALL_TIMEOUT_SECONDS", 0.5)


@LOST_OR_LATE
async def test_a_claim_retried_without_a_response_counts_as_one_attempt(
    faulty_line: FaultyLine, job_request: JobRequest, lost: str
) -> None:
    job = (await start_job(job_request, get_settings())).job
    assert job is not None
    async with faulty_line(lost):
        claim = await claim_job(job.id, holder="worker", ttl_seconds=60)
    assert claim.outcome == "claimed"
    assert claim.job is not None
    assert (claim.job.attempt, claim.job.status) == (1, "running")


@LOST_OR_LATE
@pytest.mark.usefixtures("fresh_state")
async def test_acquiring_a_lease_is_retried_without_conflicting_with_itself(
    faulty_line: FaultyLine, lost: str
) -> None:
    async with faulty_line(lost):
        lease = await acquire_lease("key", holder="first", ttl_seconds=60)
    assert isinstance(lease, Lease)


@LOST
async def test_a_start_retried_without_a_response_starts_one_job(
    faulty_line: FaultyLine, job_request: JobRequest, admin: Connection, lost: str
) -> None:
    job_id = uuid4()
    async with faulty_line(lost):
        start = await start_job(job_request, get_settings(), job_id=job_id)
    assert start.job is not None
    assert start.job.id == job_id
    assert admin.execute("select id from editai_jobs").fetchall() == [{"id": job_id}]


@pytest.mark.usefixtures("project")
async def test_a_refused_retry_of_a_start_without_a_response_leaves_the_outcome_unknown(
    faulty_line: FaultyLine, job_request: JobRequest
) -> None:
    """The first call may still be in flight, and may start the job once the project is free."""
    await acquire_lease("reel", holder="nightly export", ttl_seconds=60)
    async with faulty_line("cut"):
        with pytest.raises(DatabaseUnavailable):
            await start_job(job_request, get_settings())
    assert (await start_job(job_request, get_settings())).outcome == "busy"
