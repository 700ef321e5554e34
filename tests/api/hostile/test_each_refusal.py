"""Each refusal of the table, also a final one, given to every call: what clients get, and what it costs."""

import re
from collections.abc import AsyncIterator
from functools import cache

import httpx
import pytest

from local.parts.gateway import Gateway
from local.parts.hosted import all_responses, lost_responses, refused_calls
from shared.database.client import close_supabase
from shared.database.refusals import BY_CODE, BY_STATUS, Refusal
from shared.errors import EditAIError
from shared.jobs.lifecycle import JobRequest, claim_job, start_job
from shared.settings import get_settings
from tests.support.backend import Backend
from tests.support.database import Connection
from tests.support.hosted_gateway import hosted_gateway
from tests.support.library_client import Api, problem
from tests.support.settings import forget_settings

RARELY = 1e-6
"""The share of calls that fail without being asked for: none."""


@pytest.fixture
async def gateway(fresh_state: Backend, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """A gateway in hosted mode; calls of the database are not repeated."""
    with hosted_gateway(fresh_state, rate=RARELY) as gateway:
        monkeypatch.setattr("shared.database.client.FIRST_PAUSE_SECONDS", 10.0)
        monkeypatch.setattr(httpx, "create_ssl_context", cache(httpx.create_ssl_context))
        yield gateway
        monkeypatch.undo()
        await reconnect()


async def reconnect() -> None:
    forget_settings()
    await close_supabase()


async def claim_is_refused(job_id: object) -> bool:
    try:
        await claim_job(job_id, holder="worker", ttl_seconds=60)  # pyright: ignore[reportArgumentType]
    except EditAIError as error:
        return error.status == 503
    return False


async def test_each_refusal_is_503_with_retry_after_and_spends_no_attempt(
    api: Api, gateway: Gateway, admin: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await api.new_project()
    request = JobRequest(project_id=project, owner_id=None, kind="raw_clips", params={})
    job = (await start_job(request, get_settings())).job
    assert job is not None
    wrong: list[tuple[str, str, int]] = []
    for refusal in all_responses():
        monkeypatch.setenv("SUPABASE_URL", f"{gateway.url}/refused/{refusal.name}")
        await reconnect()
        responses: list[httpx.Response] = [
            await api.get(f"projects/{project}"),
            await api.call("PATCH", f"projects/{project}", json={"name": "Film"}),
        ]
        wrong += [
            (refusal.name, response.text, response.status_code)
            for response in responses
            if response.status_code != 503 or "retry-after" not in response.headers
        ]
        problem(responses[0], 503, "database-unavailable")
        assert refusal.body not in responses[0].text
        if not await claim_is_refused(job.id):
            wrong.append((refusal.name, "the claim was not refused", 0))
    assert wrong == []
    monkeypatch.setenv("SUPABASE_URL", gateway.url)
    await reconnect()
    rows = admin.execute("select status, attempt from editai_jobs").fetchall()
    assert [(row["status"], row["attempt"]) for row in rows] == [("queued", 0)]
    claim = await claim_job(job.id, holder="worker", ttl_seconds=60)
    assert claim.job is not None
    assert (claim.outcome, claim.job.attempt) == ("claimed", 1)


def test_each_line_of_the_table_is_among_them() -> None:
    names = {response.name.split("-")[0] for response in all_responses()}
    expected = {key.ljust(5, "0") for key in BY_CODE} | {str(status) for status in BY_STATUS}
    assert names == expected


def test_the_hosted_mode_gives_each_transient_one_as_often() -> None:
    for text, kind in (
        (refused_calls(0.01), Refusal.NOT_APPLIED),
        (lost_responses(0.01), Refusal.UNKNOWN),
    ):
        given = [response for response in all_responses() if response.refusal is kind]
        assert all(response.directive in text for response in given)
        shares = [len(digits.split("|")) for digits in re.findall(r"\(([0-9a-f|]+)\)", text)]
        assert len(shares) == len(given) >= 15
        assert (sum(shares), max(shares) - min(shares)) == (16**3, 1)
