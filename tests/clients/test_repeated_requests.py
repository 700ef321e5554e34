"""Clients repeat a request where that is safe and may help, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest

from editai_client import LibraryClient
from tests.clients.acting import CLIENTS, Actor
from tests.clients.gateway import LOSE_THE_RESPONSE, UNAVAILABLE, Gateway
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.users import User


@pytest.fixture
async def actor(library: FunctionProcess, url: str, user: User, typescript_client: Path) -> Actor:
    """A caller with a project."""
    async with LibraryClient(library.url, user.token) as client:
        project = await client.create_project("Reel")
    return Actor(
        url=url,
        token=user.token,
        project_id=project.id,
        source_id="",
        folder=typescript_client,
    )


@pytest.fixture
async def with_source(actor: Actor, idle_stack: Backend, small_video: Path) -> Actor:
    """A caller with a project that has a source."""
    async with LibraryClient(idle_stack.functions["library"].url, actor.token) as client:
        source = await client.upload(actor.project_id, small_video)
    return replace(actor, source_id=str(source.id))


@pytest.mark.parametrize("client", CLIENTS)
async def test_reading_waits_as_long_as_the_response_asks(
    actor: Actor, gateway: Gateway, client: str
) -> None:
    gateway.plan([UNAVAILABLE])
    assert await actor.act(client, "read") == {"result": actor.project_id}
    path = f"GET /api/v1/library/projects/{actor.project_id}"
    assert gateway.requests == [path, path]


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_could_be_done_twice_is_not_repeated(
    actor: Actor, gateway: Gateway, client: str
) -> None:
    gateway.plan([UNAVAILABLE])
    told = await actor.act(client, "create")
    assert told == {"error": {"name": "Unavailable", "retryAfter": 1}}
    assert gateway.requests == ["POST /api/v1/library/projects"]


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_start_whose_response_is_lost_starts_one_job(
    with_source: Actor, gateway: Gateway, library: FunctionProcess, client: str
) -> None:
    gateway.plan([LOSE_THE_RESPONSE])
    told = await with_source.act(client, "start")
    path = f"POST /api/v1/library/projects/{with_source.project_id}/generate"
    assert gateway.requests == [path, path]
    async with LibraryClient(library.url, with_source.token) as other:
        job = (await other.progress(with_source.project_id)).job
        assert job is not None
        assert told == {"result": str(job.id)}


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_deletion_whose_response_is_lost_succeeds(
    actor: Actor, gateway: Gateway, client: str
) -> None:
    gateway.plan([LOSE_THE_RESPONSE])
    assert await actor.act(client, "delete") == {"result": None}
    assert len(gateway.requests) == 2
    read = await actor.act(client, "read")
    assert read == {"error": {"name": "NotFound", "retryAfter": None}}
