"""Parts are killed and stopped one fault at a time, and only while they are up."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from local.processes.process import Part
from tests.faults.injection.did_not_happen import DidNotHappen
from tests.faults.injection.parts import Parts
from tests.faults.stack.stack import FaultStack

SECONDS = "86399"


@pytest.fixture
async def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """A stack of one part, a process that sleeps."""
    stack = FaultStack(seed=1, workers=0, with_media=False, directory=tmp_path)
    command = ["sleep", SECONDS]
    part = Part(name="worker", command=command, log=tmp_path / "log", is_ready=lambda: True)

    def the_part(_name: str) -> Part:
        return part

    # Real processes are killed and stopped; what runs in them makes no difference, and a real part would start slowly.
    monkeypatch.setattr(stack, "part", the_part)
    await stack.start_part("worker")
    yield Parts(stack=stack, chance=random.Random(1))  # noqa: S311
    stack.processes["worker"].kill()


def processes_of_the_part() -> int:
    """How many processes of the part there are, as children of this process."""
    children = psutil.Process().children()
    return sum(child.status() != psutil.STATUS_ZOMBIE for child in children)


async def test_two_kills_of_one_part_leave_one_process(parts: Parts) -> None:
    before = processes_of_the_part()
    await asyncio.gather(parts.kill("worker"), parts.kill("worker"))
    assert processes_of_the_part() == before


async def test_a_part_that_is_down_is_not_killed(parts: Parts) -> None:
    parts.stack.processes["worker"].kill()
    with pytest.raises(DidNotHappen):
        await parts.kill("worker")


async def test_a_stop_of_a_part_that_goes_down_meanwhile_did_not_happen(parts: Parts) -> None:
    stopped = asyncio.create_task(parts.stop("worker", for_seconds=0.1))
    await asyncio.sleep(0)  # its turn; no time passes
    parts.stack.processes["worker"].kill()
    with pytest.raises(DidNotHappen):
        await stopped


async def test_a_stopped_part_is_killed_only_after_it_was_resumed(parts: Parts) -> None:
    order: list[str] = []

    async def note(name: str, fault: object) -> None:
        assert asyncio.iscoroutine(fault)
        await fault
        order.append(name)

    await asyncio.gather(
        note("stopped", parts.stop("worker", for_seconds=0.1)), note("killed", parts.kill("worker"))
    )
    assert order == ["stopped", "killed"]


async def test_a_part_that_is_told_to_end_starts_again_when_it_has_ended(parts: Parts) -> None:
    before, pid = processes_of_the_part(), parts.stack.processes["worker"].pid
    await parts.tell_to_end("worker")
    assert processes_of_the_part() == before
    assert parts.stack.processes["worker"].pid != pid


async def test_a_part_that_is_down_is_not_told_to_end(parts: Parts) -> None:
    parts.stack.processes["worker"].kill()
    with pytest.raises(DidNotHappen):
        await parts.tell_to_end("worker")
