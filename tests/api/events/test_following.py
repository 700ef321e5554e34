"""Progress as events: from the start of a job to its end, interrupted and resumed."""

import asyncio
import time
from uuid import UUID

import pytest

from api.events.stream import MAX_STREAMS_PER_USER
from tests.api.events.conftest import Work
from tests.api.events.reading import EVENTS, listening
from tests.support.functions import FunctionProcess
from tests.support.library_client import Api, problem
from tests.support.users import Users
from tests.support.waiting import eventually


async def test_a_stream_shows_each_change_and_ends_with_the_job(running: Api, work: Work) -> None:
    job = await work.start()
    async with listening(running, work.project) as stream:
        headers = stream.response.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert headers["vary"].startswith("Authorization, Accept")
        queued = await stream.next()
        assert queued
        assert (queued.name, queued.data["job"]["status"]) == ("progress", "queued")
        assert stream.retry
        assert 1000 <= stream.retry <= 3000

        await work.claim()
        await work.advance(42)
        running_at = await stream.next()
        assert running_at
        assert (running_at.data["percentage"], running_at.data["job"]["id"]) == (42, job)
        answer = (await running.get(f"projects/{work.project}/progress")).json()
        assert running_at.data == answer, "an event has the JSON of the ordinary answer"

        await work.finish()
        final, end = await stream.rest()
    assert (final.name, end.name) == ("progress", "end")
    assert final.data == end.data
    assert (end.data["percentage"], end.data["job"]["status"]) == (100, "completed")
    assert len({queued.id, running_at.id, final.id, end.id}) == 4


async def test_a_resumed_stream_repeats_nothing_and_misses_no_end(running: Api, work: Work) -> None:
    job = await work.start()
    async with listening(running, work.project) as stream:
        queued = await stream.next()
        assert queued
    async with listening(running, work.project, seen=queued.id) as stream:
        await work.claim()
        claimed = await stream.next()
        assert claimed
        assert claimed.data["job"]["status"] == "running", "the queued state is not repeated"
    await work.finish()
    newer = await work.start()

    async with listening(running, work.project, seen=claimed.id) as stream:
        final, end = await stream.rest()
    for event in (final, end):
        assert (event.data["job"]["id"], event.data["job"]["status"]) == (job, "completed")
        assert (event.data["percentage"], event.data["stalled"]) == (100, False)

    async with listening(running, work.project, seen=final.id) as stream:
        assert [event.name for event in await stream.rest()] == ["end"]
    async with listening(running, work.project, seen=end.id) as stream:
        event = await stream.next()
        assert event
        assert event.data["job"]["id"] == newer, "who has seen the end follows the next job"


async def test_a_job_that_ended_between_two_reads_still_ends_its_stream(
    running: Api, work: Work
) -> None:
    job = await work.start()
    async with listening(running, work.project) as stream:
        await stream.next()
        await running.cancel(work.project)
        await work.run()
        *_, end = await stream.rest()
    assert end.name == "end"
    assert (end.data["job"]["id"], end.data["job"]["status"]) == (job, "cancelled")
    assert end.data["percentage"] == 0


async def test_who_has_seen_the_end_is_told_to_stop(running: Api, work: Work) -> None:
    await work.run()
    async with listening(running, work.project) as stream:
        progress, end = await stream.rest()
    assert (progress.name, end.name) == ("progress", "end")
    async with listening(running, work.project, seen=end.id) as stream:
        assert (stream.response.status_code, stream.response.content) == (204, b"")


async def test_a_project_without_a_job_is_followed_until_its_first_job_ends(
    running: Api, work: Work
) -> None:
    async with listening(running, work.project) as stream:
        idle = await stream.next()
        assert idle
        assert (idle.data["status"], idle.data["job"]) == ("created", None)
        job = await work.start()
        queued = await stream.next()
        assert queued
        assert queued.data["job"]["id"] == job
        await work.claim()
        await work.finish()
        *_, end = await stream.rest()
        assert (end.name, end.data["job"]["id"]) == ("end", job)


@pytest.mark.parametrize("seen", ["", "nonsense", "none/0", "a" * 2000, f"{UUID(int=5)}/5", "/end"])
async def test_an_unknown_event_id_is_ignored(running: Api, work: Work, seen: str) -> None:
    await work.run()
    async with listening(running, work.project, seen=seen) as stream:
        assert [event.name for event in await stream.rest()] == ["progress", "end"]


async def test_a_job_of_another_project_is_not_followed(
    running: Api, work: Work, users: Users
) -> None:
    secret = Work(project=await Api(http=running.http, headers=users.new().headers).new_project())
    foreign = await secret.run()
    own = await work.run()
    async with listening(running, work.project, seen=f"{foreign}/0") as stream:
        assert {event.data["job"]["id"] for event in await stream.rest()} == {own}
    async with listening(running, secret.project, seen=f"{foreign}/0") as stream:
        problem(stream.response, 404, "project-not-found")


async def test_a_deleted_project_ends_its_streams(running: Api, work: Work) -> None:
    async with listening(running, work.project) as stream:
        await stream.next()
        await running.call("DELETE", f"projects/{work.project}")
        assert await stream.rest() == []
        assert stream.comments == ["the project was deleted"]
    async with listening(running, work.project) as stream:
        problem(stream.response, 404, "project-not-found")


async def test_a_stream_ends_when_its_token_expires(running: Api, work: Work, users: Users) -> None:
    """Ten seconds of an expired token are allowed for the issuer's clock; two of them are left."""
    owner = (await running.get(f"projects/{work.project}")).json()["owner_id"]
    await work.start()
    await work.claim()
    expiring = users.token(sub=owner, exp=int(time.time()) - 8)
    async with listening(running, work.project, Authorization=f"Bearer {expiring}") as stream:
        for percentage in range(1, 90):
            event = await stream.next()
            if event is None:
                break
            await work.advance(percentage)
        assert stream.comments == ["the access token is no longer accepted"]
    async with listening(running, work.project, Authorization=f"Bearer {expiring}") as stream:
        problem(stream.response, 401, "unauthenticated")


async def test_streams_end_with_their_process_and_are_resumed(
    running: Api, work: Work, library: FunctionProcess
) -> None:
    await work.start()
    log = library.watch_log()
    async with listening(running, work.project) as stream:
        queued = await stream.next()
        assert queued
        assert library.process is not None
        library.process.request_stop()
        assert await stream.rest() == []
        assert stream.comments == ["this process ends; resume"]
    await eventually(library.process.has_exited, 5)
    assert not log.lines(severity="ERROR")

    library.start()
    await work.claim()
    await work.finish()
    async with listening(running, work.project, seen=queued.id) as stream:
        assert [event.name for event in await stream.rest()] == ["progress", "end"]


async def test_a_user_has_a_limited_number_of_streams(running: Api, work: Work) -> None:
    opened = asyncio.Barrier(MAX_STREAMS_PER_USER + 1)
    async with asyncio.TaskGroup() as group:
        streams = [
            group.create_task(_hold(running, work.project, opened))
            for _ in range(MAX_STREAMS_PER_USER)
        ]
        await opened.wait()
        async with listening(running, work.project) as stream:
            problem(stream.response, 429, "too-many-streams")
            assert int(stream.response.headers["retry-after"]) > 0
        answer = await running.get(f"projects/{work.project}/progress")
        assert answer.status_code == 200, "polling goes on"
        for held in streams:
            held.cancel()
    await eventually(lambda: _is_accepted(running, work.project))


async def test_head_has_the_headers_of_events_and_opens_no_stream(running: Api, work: Work) -> None:
    answer = await running.call("HEAD", f"projects/{work.project}/progress", headers=EVENTS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "is_stream"),
    [
        ("text/event-stream", True),
        ("application/json;q=0.5, Text/Event-Stream", True),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("text/event-stream;q=0, */*", False),
    ],
)
async def test_only_a_client_that_names_events_gets_them(
    api: Api, accept: str, is_stream: bool
) -> None:
    project = await api.new_project()
    await Work(project=project).run()
    answer = await api.get(f"projects/{project}/progress", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("text/event-stream") == is_stream


async def _hold(api: Api, project: str, opened: asyncio.Barrier) -> None:
    async with listening(api, project) as stream:
        await stream.next()
        await opened.wait()
        await asyncio.Event().wait()


async def _is_accepted(api: Api, project: str) -> bool:
    async with listening(api, project) as stream:
        return stream.response.status_code == 200
