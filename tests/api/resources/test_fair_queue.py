"""Users take turns with the few slots for probes, whoever sends more."""

import asyncio
from contextlib import suppress

import pytest

from api.uploads.fair_queue import FairQueue, QueueFull


class Probes:
    """Probes that end when the test says so; `running` is the order in which they began."""

    def __init__(self, *, slots: int = 2) -> None:
        self.queue = FairQueue[str](slots=slots)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str, most_waiting: int = 8, most_running: int = 1) -> None:
        """Start probes; the first letter of a name is its user."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._probe(name, most_waiting, most_running))
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _probe(self, name: str, most_waiting: int, most_running: int) -> None:
        turn = self.queue.turn(name[0], most_running=most_running, most_waiting=most_waiting)
        async with turn:
            self.running.append(name)
            await self._ends[name].wait()

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
            await self.tasks[name]
            await asyncio.sleep(0)

    async def leave(self, name: str) -> None:
        self.tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[name]
        await asyncio.sleep(0)


async def test_one_user_holds_one_slot_and_the_other_is_free_for_others() -> None:
    probes = Probes()
    await probes.ask("a1", "a2", "a3", "b1")
    assert probes.running == ["a1", "b1"]


async def test_users_take_turns_whoever_asked_first() -> None:
    probes = Probes(slots=1)
    await probes.ask("a1", "a2", "a3", "b1", "b2", "c1")
    for name in ("a1", "a2", "b1", "c1", "a3"):
        assert probes.running[-1] == name
        await probes.end(name)
    assert probes.running == ["a1", "a2", "b1", "c1", "a3", "b2"]


async def test_a_line_that_is_full_refuses_its_own_user_only() -> None:
    probes = Probes()
    await probes.ask("a1", "a2", "a3", "a4", "b1", most_waiting=2)
    with pytest.raises(QueueFull):
        await probes.tasks["a4"]
    await probes.end("a1", "b1")
    assert probes.running == ["a1", "b1", "a2"]


async def test_a_client_that_leaves_gives_up_its_place_and_its_slot() -> None:
    probes = Probes(slots=1)
    await probes.ask("a1", "a2", "b1", "b2")
    await probes.leave("a2")
    await probes.leave("a1")
    assert probes.running == ["a1", "b1"]
    await probes.leave("b1")
    await probes.end("b2")
    await probes.ask("a3")
    assert probes.running[-1] == "a3"


async def test_the_service_may_hold_all_slots() -> None:
    probes = Probes()
    await probes.ask("s1", "s2", "s3", most_running=2)
    assert probes.running == ["s1", "s2"]
