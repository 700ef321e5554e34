"""Deliveries of jobs that nobody waits for: twice at once, long after the job was handed over, or of no job at all."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from tests.faults.injection.happening import DidNotHappen
from tests.faults.stack.stack import FaultStack

AT_ONCE = 5
UNKNOWN = "job_not_found"


@dataclass(kw_only=True)
class Deliveries:
    """Delivers to any worker. `outcomes` is what the workers answered, by kind of delivery."""

    stack: FaultStack
    chance: random.Random
    outcomes: Counter[str] = field(default_factory=Counter[str])

    async def twice(self, jobs: Iterable[str]) -> None:
        """Deliver the newest jobs twice at once. Raises DidNotHappen unless one of them was answered twice."""
        newest = list(jobs)[-AT_ONCE:]
        answers = await asyncio.gather(*(self._deliver("twice", job) for job in newest * 2))
        pairs = zip(answers[: len(newest)], answers[len(newest) :], strict=True)
        if not any(_knows(first) and _knows(second) for first, second in pairs):
            raise DidNotHappen("no job was delivered twice")

    async def late(self, jobs: Iterable[str]) -> None:
        """Deliver jobs of any age, and one that never was. Raises DidNotHappen unless one of them existed."""
        known = list(jobs)
        old = self.chance.sample(known, min(AT_ONCE, len(known)))
        answers = await asyncio.gather(*(self._deliver("late", job) for job in old))
        await self._deliver("of no job", str(uuid4()))
        if not any(map(_knows, answers)):
            raise DidNotHappen("no job was delivered late")

    async def _deliver(self, kind: str, job_id: str) -> str | None:
        """What the worker says became of it; None when no answer comes."""
        url = self.stack.url(self.chance.choice(self.stack.worker_names))
        headers = {
            "Authorization": f"Bearer {self.stack.keys.internal_secret}",
            "Prefer": "respond-async",
        }
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                answer = await client.post(url, json={"job_id": job_id}, headers=headers)
            outcome = str(answer.json().get("outcome", answer.status_code))
        except (httpx.HTTPError, ValueError):
            outcome = None
        self.outcomes[f"{kind}: {outcome or 'no answer'}"] += 1
        return outcome


def _knows(outcome: str | None) -> bool:
    """Tell whether an answer speaks of a job that exists: a refusal to look (503) does not."""
    return outcome is not None and outcome != UNKNOWN and not outcome.isdecimal()
