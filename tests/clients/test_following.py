"""Following a job outlives a restart of the library, and works where events do not get through."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from editai_client import LibraryClient
from tests.clients.acting import CLIENTS, Actor
from tests.clients.gateway import Gateway, gateway_to
from tests.support.backend import Backend
from tests.support.functions import FunctionProcess
from tests.support.users import User
from tests.support.waiting import eventually


@pytest.fixture
async def lines(gateway: Gateway, library: FunctionProcess) -> AsyncIterator[list[int]]:
    """The ports of two gateways; the second lets no events through."""
    async with gateway_to(library.port) as without_events:
        without_events.lets_events_through = False
        yield [gateway.port, without_events.port]


@pytest.fixture
async def actors(
    idle_stack: Backend,
    lines: list[int],
    user: User,
    typescript_client: Path,
    small_video: Path,
) -> list[Actor]:
    """One caller whose job is queued, behind both gateways."""
    library = idle_stack.functions["library"]
    async with LibraryClient(library.url, user.token) as client:
        project = await client.create_project("Reel")
        source = await client.upload(project.id, small_video)
        await client.generate(project.id, source)
    return [
        Actor(
            url=library.url.replace(f":{library.port}", f":{line}"),
            token=user.token,
            project_id=project.id,
            source_id=str(source.id),
            folder=typescript_client,
        )
        for line in lines
    ]


async def test_every_client_sees_the_end_after_a_restart(
    actors: list[Actor], library: FunctionProcess
) -> None:
    seen: dict[tuple[int, str], list[str]] = {
        (line, client): [] for line in range(len(actors)) for client in CLIENTS
    }

    async def follow(line: int, client: str) -> None:
        async for status in actors[line].follow(client):
            seen[line, client].append(status)

    async with asyncio.TaskGroup() as followers:
        for line, client in seen:
            followers.create_task(follow(line, client))
        await eventually(lambda: all(seen.values()), timeout=60)
        await asyncio.to_thread(library.kill)
        await asyncio.to_thread(library.start)
        async with LibraryClient(library.url, actors[0].token) as client:
            assert (await client.cancel(actors[0].project_id)).outcome == "cancelled"

    assert set(map(tuple, seen.values())) == {("queued", "cancelled")}


async def test_a_signal_ends_following(actors: list[Actor]) -> None:
    told = await actors[0].act("typescript", "abort")
    assert told == {"error": {"name": "Error", "retryAfter": "enough"}}
