"""What a stream sends while nothing changes, and at its maximum age; generated in this process."""

import pytest

from api.events import stream as module
from api.events.feed import Wanted, get_feed
from api.events.snapshot import Snapshot
from api.events.stream import EventStream
from shared.auth.users import Caller
from shared.jobs.progress import get_progress_of


@pytest.fixture
async def stream(project: str) -> EventStream:
    """A stream of half a second."""
    wanted = Wanted(project, None, None)
    [progress] = await get_progress_of([wanted])
    assert progress

    async def recheck() -> Caller:
        return Caller(owner_id=None)

    return EventStream(
        feed=get_feed(),
        caller=Caller(owner_id=None),
        recheck=recheck,
        wanted=wanted,
        snapshot=Snapshot.of(progress),
        seen=None,
        max_seconds=0.5,
    )


async def test_a_quiet_stream_sends_comments_until_its_maximum_age(
    stream: EventStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.1)
    retry, progress, *comments, last = [event.decode() async for event in stream.events()]
    assert retry.startswith("retry: ")
    assert progress.startswith("event: progress\ndata: {")
    assert 2 <= len(comments) <= 4
    assert set(comments) == {": still here\n\n"}
    assert last == ": this stream has reached its maximum age; resume\n\n"
