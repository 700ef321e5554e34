"""Parts that are killed and stopped: one fault at a time, and only what is there."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from local.processes.process import Part
from tests.faults.injection.happening import DidNotHappen
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

    # How parts are taken down is tested, on real processes; what runs in them makes no difference, and would take long.
    monkeypatch.setattr(stack, "part", the_part)
    await stack.start_part("worker")
    yield Parts(stack=stack, chance=random.Random(1))  # noqa: S311
    stack.processes["worker"].kill()


def asleep() -> int:
    """How many of its processes there are: children of this one, which became what the part is."""
    children = psutil.Process().children()
    return sum(child.status() != psutil.STATUS_ZOMBIE for child in children)


async def test_two_kills_of_one_part_leave_one_process(parts: Parts) -> None:
    before = asleep()
    await asyncio.gather(parts.kill("worker"), parts.kill("worker"))
    assert asleep() == before


async def test_a_part_that_is_down_is_not_killed(parts: Parts) -> None:
    parts.stack.processes["worker"].kill()
    with pytest.raises(DidNotHappen):
        await parts.kill("worker")


async def test_a_part_that_goes_down_while_it_is_stopped_has_not_woken_up(parts: Parts) -> None:
    stopped = asyncio.create_task(parts.stop("worker", for_seconds=0.1))
    await asyncio.sleep(0)  # its turn; no time passes
    parts.stack.processes["worker"].kill()
    with pytest.raises(DidNotHappen):
        await stopped


async def test_a_part_is_killed_only_after_it_has_woken_up(parts: Parts) -> None:
    order: list[str] = []

    async def note(name: str, fault: object) -> None:
        assert asyncio.iscoroutine(fault)
        await fault
        order.append(name)

    await asyncio.gather(
        note("stopped", parts.stop("worker", for_seconds=0.1)), note("killed", parts.kill("worker"))
    )
    assert order == ["stopped", "killed"]
