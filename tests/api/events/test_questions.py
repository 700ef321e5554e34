"""What event streams ask the database: one question a second for all of them, none without them; and its faults."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.events.conftest import Work
from tests.api.events.reading import Questions, Stream, counted, listening
from tests.support.backend import Backend
from tests.support.library_client import Api
from tests.support.users import Users
from tests.support.waiting import eventually

QUESTION = "read_progress_of"
PROJECTS = 5
STREAMS_PER_PROJECT = 20
NOBODY_LISTENS = 9
"""The port of the discard service."""


@pytest.fixture
async def questions(fresh_state: Backend) -> AsyncIterator[Questions]:
    """The library calls the data API through a port that counts. Take this before `running`, which then uses it."""
    library = fresh_state.functions["library"]
    async with counted(fresh_state.claims["gateway"].number) as questions:
        library.start(SUPABASE_URL=f"http://127.0.0.1:{questions.port}")
        yield questions
    library.stop()  # the next test starts it with its own settings


async def test_a_hundred_streams_ask_one_question_a_second_and_outlive_the_database(
    questions: Questions, running: Api, users: Users
) -> None:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=running.http.base_url, limits=limits, timeout=60) as http:
        owners = [Api(http=http, headers=users.new().headers) for _ in range(PROJECTS)]
        works = [Work(project=await owner.new_project()) for owner in owners]
        for work in works:
            await work.start()
            await work.claim()
        opened = asyncio.Barrier(PROJECTS * STREAMS_PER_PROJECT + 1)
        readers = [
            asyncio.create_task(_read(owner, work.project, opened))
            for owner, work in zip(owners, works, strict=True)
            for _ in range(STREAMS_PER_PROJECT)
        ]
        await opened.wait()
        await _one_question_a_second(questions, works)
        await _stays_open_without_the_database(running, questions)
        for work in works:
            await work.finish()
        for events, _ in await asyncio.gather(*readers):
            assert (events[0], events[-1]) == ("progress", "end")
    await _nobody_listens_and_nobody_asks(questions)


async def _one_question_a_second(questions: Questions, works: list[Work]) -> None:
    before, started_at = questions.of(QUESTION), time.monotonic()
    for percentage in (20, 40, 60):
        for work in works:
            await work.advance(percentage)
        await _asked_again(questions)
    asked, seconds = questions.of(QUESTION) - before, time.monotonic() - started_at
    assert 3 <= asked <= seconds + 1, f"{asked} questions in {seconds:.1f} s"


async def _asked_again(questions: Questions) -> None:
    known = questions.of(QUESTION)
    await eventually(lambda: questions.of(QUESTION) > known)


async def _stays_open_without_the_database(running: Api, questions: Questions) -> None:
    work = Work(project=await running.new_project())
    async with listening(running, work.project) as stream:
        await stream.next()
        target, questions.target = questions.target, NOBODY_LISTENS
        questions.cut()
        event = asyncio.create_task(stream.next(within=30))
        await eventually(lambda: _said(stream, "the database does not respond"))
        assert not event.done(), "no false state"
        questions.target = target
        job = await work.start()
        assert (shown := await event)
        assert shown.data["job"]["id"] == job
        assert _said(stream, "the database responds again")


async def _nobody_listens_and_nobody_asks(questions: Questions) -> None:
    """The last stream was left by its client, the others have ended."""
    await asyncio.sleep(1.1)  # a read that was due when the last one left
    known = len(questions.calls)
    await asyncio.sleep(2.1)
    assert len(questions.calls) == known


def _said(stream: Stream, text: str) -> bool:
    return any(comment.startswith(text) for comment in stream.comments)


async def _read(api: Api, project: str, opened: asyncio.Barrier) -> tuple[list[str], list[str]]:
    async with listening(api, project) as stream:
        first = await stream.next()
        assert first
        await opened.wait()
        rest = await stream.rest(within=60)
        return [first.name, *(event.name for event in rest)], stream.comments
